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
// may be empty on the next poll (another host, another disk), and is made anew within a poll when it is
// damaged. A ref that cannot be read stays where it was known, is named by every poll, and is tried again.
// Source: Buildbot 3.7, changes/gitpoller.py, with fixes (a bad ref stops no other; lost history is no
// flood).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "changesource/pollers/git/commands.hpp"
#include "changesource/pollers/git/options.hpp"
#include "result/result.hpp"
#include "wire/records.hpp"

namespace headrace::changesource::git_poller {

/// What a poller remembers from poll to poll.
struct PollState {
  std::string url;                          ///< without its password; another one: as if never polled
  std::map<std::string, std::string> tips;  ///< full ref → commit, "refs/heads/main" → 40 or 64 hex digits
  std::map<std::string, std::string>
      gone;                      ///< refs that are there no more: what they showed is not new if they return
  std::set<std::string> unread;  ///< refs that could not be read
  bool operator==(const PollState&) const = default;
};
std::string write_state(const PollState& state);
[[nodiscard]] Result<PollState> read_state(const std::string& text);

struct GitResult {
  int exit_code = 0;  ///< anything but 0: failed, also when it was killed for its silence
  std::string out, err;
};
/// Of every command: no repository but this one, no questions at the terminal, messages in English.
void prepare_environment(std::map<std::string, std::string>& environment);

/// The end of a poll.
struct Poll {
  std::vector<wire::Change> changes;  ///< of each branch oldest first; ids not set
  std::optional<PollState> state;     ///< the new one; nullopt: nothing is known and nothing changes
  std::vector<std::string> warnings;  ///< for people: branches that are gone, or that nobody has
  std::vector<std::string> failures;  ///< the refs that could not be read, each with the reason
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
