// SPDX-License-Identifier: Apache-2.0
// A kind of poller: how the repositories of one version control system are looked at. Each kind has a file of
// its own in this folder, and a folder of its name for what only it needs; the table of the kinds is in
// CMakeLists.txt.
//
// A kind is pure: a poll says which programs to run and takes their results, until it knows the changes and
// the new state. Poller does what every poller needs: the role, the interval, the commit of both in one step.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "clock/clock.hpp"
#include "config/options.hpp"
#include "wire/records.hpp"

namespace headrace::changesource {

/// One program, in a folder of the poller's own (empty at first).
struct PollCommand {
  std::vector<std::string> argv;
  std::string input;                                                           ///< for stdin
  void (*prepare)(std::map<std::string, std::string>& environment) = nullptr;  ///< changes the service's
  milliseconds silence{600'000};  ///< without output for so long: it is killed
};
struct PollResult {
  int exit_code = 0;     ///< anything but 0: failed, also when it was killed for its silence
  std::string out, err;  ///< of err the end, when it is long
};

/// The end of a poll.
struct PollEnd {
  std::vector<wire::Change> changes;  ///< of each branch oldest first; ids not set
  std::optional<std::string>
      state;  ///< the new one, for the store; none: nothing is known and nothing changes
  std::vector<std::string> warnings;  ///< for people: branches that are gone, or that nobody has
  std::vector<std::string> failures;  ///< what could not be read, and why; the rest was
  std::string error;                  ///< not empty: the poll failed as a whole
};

/// Commands to run in this order, all of them, whether or not one fails.
struct PollPending;
using PollStep = std::variant<PollPending, PollEnd>;
struct PollPending {
  std::vector<PollCommand> commands;
  std::function<PollStep(std::vector<PollResult>)> resume;  ///< one result for each command
};

/// A declared poller, its options bound.
struct PollSource {
  milliseconds interval{0};
  /// @param state  of the last poll, as the store has it; "" at first
  std::function<PollStep(const std::string& state)> start;
};

struct PollerKind {
  std::string_view name;  ///< as in change_source.<name>
  PollSource (*prepare)(const config::Options& options);
};

/// Generated from the table in CMakeLists.txt.
std::span<const PollerKind* const> poller_kinds();
const PollerKind* find_poller_kind(std::string_view name);  ///< null: there is no such kind

/// Runs the commands of polls, one poll at a time. Destroyed, it kills what runs, and `done` does not come.
class PollRunner {
 public:
  virtual ~PollRunner() = default;
  /// @param done  takes the results in order, one for each command, whether or not one failed
  virtual void run(std::vector<PollCommand> commands, std::function<void(std::vector<PollResult>)> done) = 0;
};

}  // namespace headrace::changesource
