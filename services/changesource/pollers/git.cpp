// SPDX-License-Identifier: Apache-2.0
// change_source.git: `git` in a bare repository of the poller's own.
#include "changesource/pollers/git/poll.hpp"
#include "changesource/pollers/poller_kind.hpp"
#include "git/address.hpp"
#include "log/log.hpp"

namespace headrace::changesource {
namespace {

using git_poller::GitCommand;
using git_poller::GitResult;

std::vector<PollCommand> commands_of(std::vector<GitCommand> commands) {
  std::vector<PollCommand> out;
  for (auto& command : commands)
    out.push_back({std::move(command.argv), std::move(command.input), git_poller::prepare_environment,
                   command.silence});
  return out;
}

// The same step, with the state as text.
PollStep as_text(git_poller::PollStep step) {
  if (auto* poll = std::get_if<git_poller::Poll>(&step)) {
    PollEnd end{std::move(poll->changes), std::nullopt, std::move(poll->warnings), std::move(poll->failures),
                std::move(poll->error)};
    if (poll->state) end.state = git_poller::write_state(*poll->state);
    return end;
  }
  auto& pending = std::get<git_poller::Pending>(step);
  return PollPending{commands_of(std::move(pending.commands)),
                     [resume = std::move(pending.resume)](std::vector<PollResult> results) {
                       std::vector<GitResult> of_git;
                       for (auto& r : results)
                         of_git.push_back({r.exit_code, std::move(r.out), std::move(r.err)});
                       return as_text(resume(std::move(of_git)));
                     }};
}

PollSource prepare(const config::Options& options) {
  auto git = options.as<GitPollerOptions>();
  const auto interval = git.poll_interval;
  return {interval, [git = std::move(git)](const std::string& text) {
            std::optional<git_poller::PollState> known;
            if (!text.empty()) {
              auto state = git_poller::read_state(text);
              if (state)
                known = std::move(*state);
              else
                spdlog::error("{}: {} starts anew", state.error().text, git::without_passwords(git.url));
            }
            return as_text(git_poller::start_poll(git, std::move(known)));
          }};
}

}  // namespace

extern const PollerKind git_poller_kind;
const PollerKind git_poller_kind{"git", prepare};

}  // namespace headrace::changesource
