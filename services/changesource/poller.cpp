// SPDX-License-Identifier: Apache-2.0
#include "changesource/poller.hpp"

#include "log/log.hpp"
#include "wire/codec.hpp"

namespace headrace::changesource {
namespace {
constexpr std::size_t kMostInOneCall = 1000;  // as change_add takes them
}

Poller::Poller(service::ServiceRunner& host, const config::Poller& declared, std::filesystem::path directory,
               std::function<void(wire::Change&)> prepare)
    : host_(host),
      name_(declared.name),
      options_(declared.options.as<GitPollerOptions>()),
      prepare_(std::move(prepare)),
      role_(host, "poller:" + name_),
      runner_(host.io(), std::move(directory)),
      timer_(host.io()) {}

void Poller::on_tick() {
  role_.hold([this] { poll(); }, [this] { timer_.cancel(); });
}

void Poller::poll() {
  host_.command({"HGET", host_.store().keys()("poller"), name_},
                generation_.guard([this](store::RedisReply r) {
                  state_text_ = r.text;
                  std::optional<git_poller::PollState> known;
                  if (!state_text_.empty()) {
                    auto state = git_poller::read_state(state_text_);
                    if (state) {
                      known = std::move(*state);
                    } else {
                      spdlog::error("state of a poller cannot be read, it starts anew poller={} reason={}",
                                    name_, state.error().text);
                    }
                  }
                  step(git_poller::start_poll(options_, std::move(known)));
                }));
}

void Poller::step(git_poller::PollStep next) {
  if (auto* finished = std::get_if<git_poller::Poll>(&next)) return commit(std::move(*finished));
  auto pending = std::make_shared<git_poller::Pending>(std::move(std::get<git_poller::Pending>(next)));
  runner_.run(pending->commands, [this, pending](std::vector<git_poller::GitResult> results) {
    step(pending->resume(std::move(results)));
  });
}

void Poller::commit(git_poller::Poll poll) {
  for (const auto& warning : poll.warnings) spdlog::warn("poller={} {}", name_, warning);
  if (!poll.error.empty() && poll.error != problem_)
    spdlog::error("poll failed poller={} reason={}", name_, poll.error);
  if (poll.error.empty() && !problem_.empty()) spdlog::info("poll succeeds again poller={}", name_);
  problem_ = poll.error;
  host_.metrics().count("headrace_polls_total{poller=\"" + name_ + "\"}");
  plan();
  if (!role_.held() || !poll.state) return;
  const std::string state = git_poller::write_state(*poll.state);
  if (state == state_text_ && poll.changes.empty()) return;

  std::vector<std::string> bodies;
  for (auto& change : poll.changes) {
    change.source = "git-poller:" + name_;
    prepare_(change);
    bodies.push_back(wire::encode(change));
  }
  // The state moves with the last changes; what goes before (only after a very long absence) has a key, so
  // that a repeated poll does not bring it twice.
  std::size_t at = 0;
  for (; bodies.size() - at > kMostInOneCall; at += kMostInOneCall) {
    store::Call call{
        "change_add",
        {"poll:" + name_ + ":" + poll.changes[at].revision.value_or("") + ":" +
             std::to_string(kMostInOneCall),
         role_.name(), std::to_string(role_.term()), "", "", "", std::to_string(kMostInOneCall)}};
    call.args.insert(call.args.end(), bodies.begin() + static_cast<std::ptrdiff_t>(at),
                     bodies.begin() + static_cast<std::ptrdiff_t>(at + kMostInOneCall));
    host_.commit(std::move(call), {});
  }
  store::Call call{"change_add",
                   {"", role_.name(), std::to_string(role_.term()), name_, state_text_, state,
                    std::to_string(bodies.size() - at)}};
  call.args.insert(call.args.end(), bodies.begin() + static_cast<std::ptrdiff_t>(at), bodies.end());
  spdlog::info("poll found changes poller={} count={}", name_, bodies.size());
  host_.commit(std::move(call), generation_.guard([this](store::Reply r) {
    if (!r.ok) spdlog::warn("poll was not taken poller={} reason={}", name_, r.refusal);
  }));
}

void Poller::plan() {
  timer_.expires_after(options_.poll_interval);
  timer_.async_wait([this](const boost::system::error_code& e) {
    if (!e && role_.held()) poll();
  });
}

}  // namespace headrace::changesource
