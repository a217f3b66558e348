// SPDX-License-Identifier: Apache-2.0
// The changes that wait for a tree-stable timer, in lists that each become one build. A build has one
// revision of a codebase, so a list never holds two histories of one codebase: of changes on two branches, or
// in two repositories, only the newer one would be built. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "store/state/scheduler.hpp"
#include "store/transitions/scheduler.hpp"
#include "wire/records.hpp"

namespace headrace::scheduler {

class WaitingLists {
 public:
  struct List {
    std::string key;  ///< of its timer: the id of the change that began it, or "" in data of an older version
    store::Timer timer;
  };
  using Parts = std::vector<store::WaitingSplit::Part>;

  /// @param codebases_together  several codebases may wait in one list, each with a history of its own
  explicit WaitingLists(bool codebases_together) : codebases_together_(codebases_together) {}

  /// Whether a list of this kind may have this key.
  static bool is_key(const std::string& key);

  /// Takes a stored list, which has changes.
  /// @return the lists that must take its place in the store, when an older version or another configuration
  ///         has stored what no list may hold; nothing when it is taken as it is
  Parts take(const std::string& key, store::Timer timer);

  /// Puts a change at the end of the list of its history. A new list begins when there is none.
  /// @return the list, valid until the next call
  List& put(const wire::Change& change, bool important);

  /// No list waits longer than `most_ms` from `now_ms` on: Redis's clock was set back, or the configuration
  /// had a longer wait when the list was stored.
  void wait_at_most(std::int64_t most_ms, std::int64_t now_ms);

  /// Takes the lists out whose time has come, the one that is due first in front.
  std::vector<List> take_due(std::int64_t now_ms);

  std::optional<std::int64_t> next_due() const;

 private:
  /// What one revision can stand for: repository, project and branch.
  using History = std::tuple<std::string, std::string, std::optional<std::string>>;
  struct Entry {
    List list;
    std::map<std::string, History> histories;  ///< by codebase
    std::optional<std::int64_t> sooner_ms;     ///< due then, whatever is stored
    std::optional<std::int64_t> due_ms() const { return sooner_ms ? sooner_ms : list.timer.due_ms; }
  };

  static History history(const wire::Change& change);
  Entry& entry_for(std::vector<Entry>& among, const wire::Change& change) const;

  bool codebases_together_;
  std::vector<Entry> entries_;  ///< in the order in which they began
};

}  // namespace headrace::scheduler
