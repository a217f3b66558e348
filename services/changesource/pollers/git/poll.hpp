// SPDX-License-Identifier: Apache-2.0
// One poll of a git repository: from the tips known so far to the changes since, and the tips of now.
//
// The first poll only records where the branches are. After it every new commit is a change, once, whichever
// branch shows it first: what is reachable from any tip known before is not new. Of a merge only the merge
// itself is (first parents), with all that it brought. A branch that appears later gives its commits; a
// branch that was moved by force those that are new to it.
//
// Pure: git runs elsewhere. A poll says what to run and takes the results, until it is done; changes and
// state are then to be committed together. Nothing rests on the local repository: it is a cache of objects,
// and may be empty on the next poll (another host, another disk). Source: Buildbot 3.7, changes/gitpoller.py,
// with fixes (a bad ref stops no other; lost history is no flood).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "changesource/pollers/git/options.hpp"
#include "clock/clock.hpp"
#include "result/result.hpp"
#include "wire/records.hpp"

namespace headrace::changesource::git_poller {

/// What a poller remembers from poll to poll.
struct PollState {
  std::string url;                          ///< another one: as if never polled
  std::map<std::string, std::string> tips;  ///< full ref → commit, "refs/heads/main" → 40 or 64 hex digits
  std::map<std::string, std::string>
      gone;  ///< refs that are there no more: what they showed is not new if they return
  bool operator==(const PollState&) const = default;
};
std::string write_state(const PollState& state);
[[nodiscard]] Result<PollState> read_state(const std::string& text);

/// `git <args>`, in a bare repository of the poller's own (an empty folder at first).
struct GitCommand {
  std::vector<std::string> args;
  milliseconds timeout{600'000};
};
struct GitResult {
  int exit_code = 0;  ///< anything but 0: failed, also when it was killed for its time
  std::string out, err;
};
/// Set for every command: no questions at the terminal, messages in English.
const std::map<std::string, std::string>& git_environment();

/// The end of a poll.
struct Poll {
  std::vector<wire::Change> changes;  ///< of each branch oldest first; ids not set
  std::optional<PollState> state;     ///< the new one; nullopt: nothing is known and nothing changes
  std::vector<std::string> warnings;  ///< for people: branches that could not be read, or are gone
  std::string error;                  ///< not empty: the poll failed as a whole, `state` is the old one
};

/// Commands to run in this order, all of them, whether or not one fails.
struct Pending;
using PollStep = std::variant<Pending, Poll>;
struct Pending {
  std::vector<GitCommand> commands;
  std::function<PollStep(std::vector<GitResult>)> resume;  ///< one result for each command
};

/// @param known  the state of the last poll; nullopt: this is the first
PollStep start_poll(const GitPollerOptions& poller, std::optional<PollState> known);

}  // namespace headrace::changesource::git_poller
