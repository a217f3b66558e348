// SPDX-License-Identifier: Apache-2.0
#include "changesource/service.hpp"

#include <algorithm>

#include "log/log.hpp"
#include "wire/codec.hpp"

namespace headrace::changesource {
namespace {

constexpr std::size_t kMostInOneCall = 500;

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

// A folder name from a poller's name: its safe characters, and enough of a hash to keep names apart.
std::string folder_of(const std::string& name) {
  std::string out;
  for (char c : name) out += std::isalnum(static_cast<unsigned char>(c)) || c == '-' ? c : '_';
  return out + "-" + std::to_string(std::hash<std::string>{}(name) % 1'000'000);
}

}  // namespace

void ChangeSourceService::start() {
  auto& host = *host_;
  config_ = std::make_unique<service::LiveConfig>(host);
  client_ = std::make_unique<http::Client>(host.io());
  host.metrics().counter("headrace_polls_total", "polls that ended");
  host.metrics().counter("headrace_hooks_accepted_total", "hooks whose changes are stored");
  host.metrics().counter("headrace_hooks_refused_total", "hooks with a wrong secret, or that are none");
  stop_timer_ = std::make_unique<boost::asio::steady_timer>(host.io());
  server_ = std::make_unique<http::Server>(host.io(), settings_.intake, [this](http::Request q, Responder r) {
    on_request(std::move(q), std::move(r));
  });
}

void ChangeSourceService::load() {
  auto& host = *host_;
  host.command({"HMGET", host.store().keys()("head"), "n", "tag"}, [this](store::RedisReply r) {
    events::Cursor cursor;
    if (r.items.size() == 2 && !r.items[0].text.empty())
      cursor = {EventNumber{std::stoll(r.items[0].text)}, r.items[1].text};
    config_->refresh([this, cursor] {
      renew_pollers();
      host_->loaded(cursor);
    });
  });
}

void ChangeSourceService::unload() { pollers_.clear(); }

void ChangeSourceService::on_event(const wire::Event& event) {
  if (event.is("config.applied")) config_->refresh([this] { renew_pollers(); });
}

void ChangeSourceService::renew_pollers() {
  for (auto& poller : pollers_) poller->release();
  pollers_.clear();
  if (!config_->current()) return;
  hooks_ = hooks::Hooks(config_->current()->site().hooks);
  const auto directory = std::filesystem::path(host_->settings().data) / "pollers";
  for (const auto& declared : config_->current()->site().pollers) {
    pollers_.push_back(std::make_unique<Poller>(*host_, declared, directory / folder_of(declared.name),
                                                [this](wire::Change& c) { prepare(c); }));
    pollers_.back()->on_tick();
    host_->metrics().gauge(
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
  return config_->current() ? "" : "no configuration was applied yet";
}

void ChangeSourceService::stop(std::function<void()> done) {
  for (auto& poller : pollers_) poller->release();
  stop_timer_->expires_after(milliseconds(50));
  stop_timer_->async_wait([done = std::move(done)](const boost::system::error_code&) { done(); });
}

void ChangeSourceService::on_request(http::Request request, Responder responder) {
  if (!hooks::is_hook_path(request.path)) return responder->send(host_->answer_status(request));
  if (!host_->is_loaded() || !config_->current())
    return responder->send(text(503, "the intake cannot store changes now, send it again later\n"));
  const auto dialect = dialect_of(request.path);
  settle(hooks_.receive(request, wall_now()), dialect, std::move(responder));
}

void ChangeSourceService::settle(hooks::Outcome outcome, const std::string& dialect, Responder responder) {
  if (auto* refusal = std::get_if<hooks::Refusal>(&outcome)) {
    host_->metrics().count("headrace_hooks_refused_total");
    spdlog::info("hook refused dialect={} status={} reason={}", dialect, refusal->status, refusal->text);
    return responder->send(text(refusal->status, refusal->text));
  }
  if (auto* delivery = std::get_if<hooks::Delivery>(&outcome))
    return record(std::move(*delivery), dialect, std::move(responder));

  struct Asking {
    hooks::Questions questions;
    std::vector<http::Reply> replies;
    std::size_t left;
  };
  auto asking = std::make_shared<Asking>();
  asking->questions = std::move(std::get<hooks::Questions>(outcome));
  asking->left = asking->questions.calls.size();
  asking->replies.resize(asking->left);
  for (std::size_t i = 0; i < asking->questions.calls.size(); ++i)
    client_->send(asking->questions.calls[i], [this, asking, i, dialect, responder](http::Reply reply) {
      asking->replies[i] = std::move(reply);
      if (--asking->left == 0)
        settle(asking->questions.resume(std::move(asking->replies)), dialect, responder);
    });
}

void ChangeSourceService::record(hooks::Delivery delivery, const std::string& dialect, Responder responder) {
  for (const auto& warning : delivery.warnings) spdlog::warn("hook dialect={} {}", dialect, warning);
  const std::string answer = hooks::answer_text(delivery);
  if (delivery.changes.empty()) return responder->send(text(200, answer));
  // Many commits go in several calls of one batch; each has its own key, so a repeat adds what is missing.
  struct Waiting {
    std::size_t left = 0;
    std::string refusal;
  };
  auto waiting = std::make_shared<Waiting>();
  waiting->left = (delivery.changes.size() + kMostInOneCall - 1) / kMostInOneCall;
  for (std::size_t at = 0; at < delivery.changes.size(); at += kMostInOneCall) {
    const auto end = std::min(delivery.changes.size(), at + kMostInOneCall);
    const std::string key =
        delivery.key.empty() ? "" : delivery.key + "#" + std::to_string(at / kMostInOneCall);
    store::Call call{"change_add", {key, "", "0", "", "", "", std::to_string(end - at)}};
    for (std::size_t i = at; i < end; ++i) {
      delivery.changes[i].source = dialect;
      prepare(delivery.changes[i]);
      call.args.push_back(wire::encode(delivery.changes[i]));
    }
    host_->commit(std::move(call), [this, waiting, answer, responder](store::Reply r) {
      if (!r.ok) waiting->refusal = r.refusal;
      if (--waiting->left > 0) return;
      host_->metrics().count("headrace_hooks_accepted_total");
      if (waiting->refusal.empty()) return responder->send(text(200, answer));
      spdlog::error("changes of a hook were not stored reason={}", waiting->refusal);
      responder->send(text(500, "the changes were not stored: " + waiting->refusal));
    });
  }
}

void ChangeSourceService::prepare(wire::Change& change) {
  const auto& site = config_->current()->site();
  if (!change.codebase.empty() || !site.codebase_fn) return;
  auto codebase = config_->current()->call(site.codebase_fn, config::change_argument(change));
  if (codebase && codebase->is_string()) {
    change.codebase = codebase->as_string();
  } else {
    spdlog::warn("site.codebase gave no name for a change repository={} reason={}", change.repository,
                 codebase ? "its value is no string" : codebase.error().text);
  }
}

}  // namespace headrace::changesource
