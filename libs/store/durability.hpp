// SPDX-License-Identifier: Apache-2.0
// What "committed" means, and what Redis says of its files. Pure: the clients ask, this reads the answers.
//
// Redis 7.0 answers before the append-only file has the change in two cases. With appendfsync everysec it
// puts its write(2) off while an fsync is under way; and when a write fails (a full disk), it goes on and
// refuses only what comes later. So for `process` every batch is followed by a look at the file. With
// appendfsync always Redis syncs before it answers, and ends itself when it cannot.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/read.hpp"

namespace headrace::store {

enum class Durability {
  memory,   ///< Redis has answered: for tests, tools that write nothing of worth, and the simulation
  process,  ///< it is written: survives kill -9 of anything
  machine,  ///< it is synced: survives a power failure
  replica,  ///< … and a replica has it: survives the loss of the machine
};
std::string_view durability_name(Durability durability);
/// The word that --durability takes; nothing when it is another one.
std::optional<Durability> durability_of(std::string_view word);

/// What Redis says of how it keeps what it has committed.
struct Persistence {
  bool known = false;         ///< false: a hosted Redis may not say; it is believed
  bool append_only = false;   ///< the append-only file is on
  bool rewriting = false;     ///< … and is being written anew, which the first one is as well
  std::string write_error;    ///< why the file does not take what is written; "" when it does
  std::string fsync;          ///< "always", "everysec", "no"; "" when it may not be asked
  bool syncs_always = true;   ///< false: no fsync while a child of Redis writes
  bool evicts = false;        ///< keys go when memory is short
  std::string evicts_by;      ///< maxmemory-policy
  bool is_replica = false;    ///< of another server: it takes no writes
  std::int64_t replicas = 0;  ///< connected to it
};

/// The commands whose answers read_persistence() takes; each of these answers may be an error.
std::vector<Words> persistence_questions();
Persistence read_persistence(const std::vector<RedisReply>& answers);

/// Why Redis cannot keep the promise, in words; "" when it can.
/// @param file_was_off  at the last look: a file that was turned on since counts when it is complete
std::string why_too_weak(const Persistence& found, Durability promised, bool file_was_off = false);

/// Whether the append-only file has everything that was committed before the first look.
class FileLook {
 public:
  enum class Found {
    written,
    not_yet,  ///< look again, later
    failed,   ///< nobody can say whether it ever will be: why()
    none,     ///< there is no such file
  };
  static Words question() { return {"INFO", "persistence"}; }
  Found look(const RedisReply& info);
  const std::string& why() const { return why_; }

 private:
  struct Position {
    std::int64_t base = 0, size = 0;  ///< of the file; another base: the file was written anew
  };
  std::optional<Position> goal_;
  std::string why_;
};

}  // namespace headrace::store
