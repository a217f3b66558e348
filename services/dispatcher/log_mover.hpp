// SPDX-License-Identifier: Apache-2.0
// Moves the logs of finished builds from Redis to the log store, a few builds at a time. A thread of its own
// writes the files. A log counts as moved only when its file has as many bytes as Redis had. The copy in
// Redis is dropped after the file is synced to disk; one sync serves many builds.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "dispatcher/log_connection.hpp"
#include "generation/generation.hpp"
#include "model/ids.hpp"
#include "service/runner.hpp"
#include "store/state/log.hpp"

namespace headrace::dispatcher {

class LogMover {
 public:
  LogMover(service::ServiceRunner& host, LogConnection& lane, std::filesystem::path directory);
  ~LogMover();

  /// @param sizes  bytes of each log in Redis; empty when the caller does not know them, then Redis is asked
  /// @param started_ms  of the build; 0 when the caller does not know it, then Redis is asked
  void add(BuildId build, const std::map<store::LogName, std::int64_t>& sizes = {},
           std::int64_t started_ms = 0);
  /// Looks for builds that ended a while ago and still have their logs in Redis: the dispatcher that should
  /// have moved the logs has died.
  void look_for_leftovers();
  /// Forgets all moves. Call after a connection was lost.
  void clear();
  std::size_t waiting() const { return known_.size(); }

 private:
  struct Move;
  /// Shared with the thread of the pool, which may still write for a move that clear() has forgotten.
  using MovePtr = std::shared_ptr<Move>;
  struct Written {
    BuildId build;
    std::vector<std::filesystem::path> files;
  };
  void next();
  void start(MovePtr move);
  void find_logs(MovePtr move);
  void next_log(MovePtr move);
  void read_more(MovePtr move);
  void write(MovePtr move, std::vector<std::string> chunks);
  void write_what_came();
  static std::optional<std::string> write_portion(Move& move, const std::vector<std::string>& chunks);
  void portion_written(MovePtr move, const std::optional<std::string>& problem, bool last);
  void written(const Move& move);
  void sync();
  void drop(const std::vector<Written>& batch);
  void abandon(const Move& move);
  void end(BuildId build);

  service::ServiceRunner& host_;
  LogConnection& lane_;
  std::filesystem::path directory_;
  boost::asio::thread_pool pool_{1};
  boost::asio::steady_timer start_timer_, sync_timer_;
  std::deque<MovePtr> queue_;
  std::set<BuildId> known_;  ///< builds that wait, are being written, or are written
  int active_ = 0;           ///< number of builds that are being written
  struct Portion {
    MovePtr move;
    std::vector<std::string> chunks;
  };
  std::vector<Portion> portions_;  ///< read in this turn of the loop, to be written together
  std::vector<Written> written_;
  std::int64_t written_bytes_ = 0;
  bool syncing_ = false;
  Generation generation_;
};

}  // namespace headrace::dispatcher
