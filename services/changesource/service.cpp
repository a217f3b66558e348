// SPDX-License-Identifier: Apache-2.0
#include "changesource/service.hpp"

#include <algorithm>

#include "changesource/change_limits.hpp"
#include "limits/limits.hpp"
#include "log/log.hpp"
#include "store/state/events.hpp"
#include "store/transitions/change.hpp"
#include "wire/events.hpp"

namespace headrace::changesource {
namespace {

constexpr std::size_t kMaxInOneCall = 500;

http::Response text(int status, std::string body) {
  http::Response out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

// "/change_hook/github" → "github"; no dialect: "base"
std::string dialect_of(const std::string& path) {
  const auto slash = path.find('/', 1);
  return slash == std::string::npos || slash + 1 == path.size() ? "base" : path.substr(slash + 1);
}

}  // namespace

void ChangeSourceService::start() {
  house_.metrics().counter("headrace_polls_total", "polls that ended");
  house_.metrics().counter("headrace_hooks_accepted_total", "hooks whose changes are stored");
  house_.metrics().counter("headrace_hooks_refused_total", "hooks with a wrong secret, or that are none");
}

void ChangeSourceService::load() {
  house_.read(store::head(), [this](const wire::Cursor& head) {
    config_.refresh([this, head] {
      take_configuration();
      house_.loaded(head);
    });
  });
}

void ChangeSourceService::unload() { pollers_.clear(); }

void ChangeSourceService::on_event(const wire::Event& event) {
  std::visit(
      wire::On{[this](const wire::ConfigApplied&) { config_.refresh([this] { take_configuration(); }); },
               [](const auto&) {}},
      wire::read_event(event));
}

void ChangeSourceService::take_configuration() {
  for (auto& poller : pollers_) poller->release();
  pollers_.clear();
  if (!config_.current()) return;
  const auto& site = config_.current()->site();
  hooks_ = hooks::Hooks(site.hooks);
  for (const auto& declared : site.pollers) {
    const auto* kind = find_poller_kind(declared.kind);
    if (!kind) continue;  // a kind of a newer version
    pollers_.push_back(std::make_unique<Poller>(house_, declared, *kind,
                                                surroundings_.poll_runner(declared.name),
                                                [this](wire::Change& c) { prepare(c); }));
    pollers_.back()->on_tick();
    house_.metrics().gauge(
        "headrace_poller_failing{poller=\"" + declared.name + "\"}", "1 while the repository cannot be read",
        [this, name = declared.name] {
          return std::any_of(pollers_.begin(), pollers_.end(),
                             [&](const auto& p) { return p->name() == name && !p->problem().empty(); })
                     ? 1.0
                     : 0.0;
        });
  }
}

void ChangeSourceService::on_tick() {
  for (auto& poller : pollers_) poller->on_tick();
}

std::string ChangeSourceService::unhealthy() const {
  return config_.current() ? "" : "no configuration was applied yet";
}

json::Object ChangeSourceService::details() const {
  json::Object failing;
  for (const auto& poller : pollers_)
    if (!poller->problem().empty()) failing[poller->name()] = poller->problem();
  if (failing.empty()) return {};
  return {{"failing", std::move(failing)}};
}

void ChangeSourceService::stop(std::function<void()> done) {
  for (auto& poller : pollers_) poller->release();
  house_.call_at(house_.now() + milliseconds(50), std::move(done));
}

void ChangeSourceService::on_hook(const http::Request& request, Answer answer) {
  if (!house_.is_loaded() || !config_.current())
    return answer(text(503, "the intake cannot store changes now, send it again later\n"));
  take(hooks_.receive(request, house_.wall_now()), dialect_of(request.path), std::move(answer));
}

void ChangeSourceService::take(hooks::Outcome outcome, const std::string& dialect, Answer answer) {
  if (auto* refusal = std::get_if<hooks::Refusal>(&outcome)) {
    house_.metrics().count("headrace_hooks_refused_total");
    spdlog::info("hook refused dialect={} status={} reason={}", dialect, refusal->status, refusal->text);
    return answer(text(refusal->status, refusal->text));
  }
  if (auto* delivery = std::get_if<hooks::Delivery>(&outcome))
    return record(std::move(*delivery), dialect, std::move(answer));
  ask_forge(std::move(std::get<hooks::Questions>(outcome)), dialect, std::move(answer));
}

void ChangeSourceService::ask_forge(hooks::Questions questions, const std::string& dialect, Answer answer) {
  struct Asking {
    std::function<hooks::Outcome(std::vector<http::Reply>)> resume;
    std::vector<http::Reply> replies;
    std::size_t left;
  };
  // Shared by the replies; the last one goes on.
  const auto asking = std::make_shared<Asking>(Asking{
      std::move(questions.resume), std::vector<http::Reply>(questions.calls.size()), questions.calls.size()});
  for (std::size_t i = 0; i < questions.calls.size(); ++i)
    surroundings_.ask(std::move(questions.calls[i]), [this, asking, i, dialect, answer](http::Reply reply) {
      asking->replies[i] = std::move(reply);
      if (--asking->left == 0) take(asking->resume(std::move(asking->replies)), dialect, answer);
    });
}

void ChangeSourceService::record(hooks::Delivery delivery, const std::string& dialect, Answer answer) {
  for (const auto& warning : delivery.warnings) spdlog::warn("hook dialect={} {}", dialect, warning);
  const std::string good = hooks::answer_text(delivery);
  if (delivery.changes.empty()) return answer(text(200, good));
  if (const auto why = house_.why_not_durable(); !why.empty())
    return answer(text(503, "the changes would not be kept, send them again later: " + why + "\n"));
  if (delivery.changes.size() > limits::kHookChanges) {
    const hooks::Refusal refusal{413,
                                 "more than " + std::to_string(limits::kHookChanges) + " changes at once"};
    return take(refusal, dialect, std::move(answer));
  }
  // Many commits go in several calls of one batch; each has its own key, so a repeat adds what is missing.
  struct Waiting {
    std::size_t left = 0;
    std::string refusal;
  };
  // Shared by the calls; the last one answers.
  const auto waiting = std::make_shared<Waiting>();
  waiting->left = (delivery.changes.size() + kMaxInOneCall - 1) / kMaxInOneCall;
  for (std::size_t at = 0; at < delivery.changes.size(); at += kMaxInOneCall) {
    store::ChangeAdd add;
    if (!delivery.key.empty()) add.delivery = delivery.key + "#" + std::to_string(at / kMaxInOneCall);
    for (auto i = at; i < std::min(delivery.changes.size(), at + kMaxInOneCall); ++i) {
      delivery.changes[i].source = dialect;
      prepare(delivery.changes[i]);
      add.changes.push_back(std::move(delivery.changes[i]));
    }
    house_.commit(add,
                  [this, waiting, good, answer](const store::Outcome<store::ChangeAdd::Answer>& outcome) {
                    if (!outcome) waiting->refusal = outcome.error().text;
                    if (--waiting->left > 0) return;
                    house_.metrics().count("headrace_hooks_accepted_total");
                    if (waiting->refusal.empty()) return answer(text(200, good));
                    spdlog::error("changes of a hook were not stored reason={}", waiting->refusal);
                    answer(text(500, "the changes were not stored: " + waiting->refusal));
                  });
  }
}

void ChangeSourceService::prepare(wire::Change& change) {
  if (const auto what = shorten(change); !what.empty())
    spdlog::warn("change is larger than it may be and was shortened source={} fields=\"{}\"", change.source,
                 what);
  const auto& site = config_.current()->site();
  if (!change.codebase.empty() || !site.codebase_fn) return;
  auto codebase = config_.current()->call(site.codebase_fn, config::change_argument(change));
  if (codebase && codebase->is_string()) {
    change.codebase = codebase->as_string();
  } else {
    spdlog::warn("site.codebase gave no name for a change repository={} reason={}", change.repository,
                 codebase ? "its value is no string" : codebase.error().text);
  }
}

}  // namespace headrace::changesource
