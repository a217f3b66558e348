// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/service.hpp"

#include "limits/limits.hpp"
#include "log/log.hpp"
#include "service/endpoints.hpp"
#include "store/random.hpp"
#include "store/state/request.hpp"
#include "store/transitions/site.hpp"
#include "wire/codec.hpp"
#include "wire/events.hpp"

namespace headrace::dispatcher {
namespace {

constexpr int kTicksBetweenTrims = 10;
constexpr int kTicksBetweenLeftovers = 15;

}  // namespace

void DispatcherService::start() {
  auto& host = *host_;
  config_ = std::make_unique<service::LiveConfig>(host);
  logs_ = std::make_unique<LogConnection>(host.io(), host.settings().store);
  if (host.settings().data.empty())
    throw std::runtime_error("--data (HEADRACE_DATA) is needed: logs of finished builds go there");
  mover_ = std::make_unique<LogMover>(host, *logs_, std::filesystem::path(host.settings().data) / "logs");
  match_timer_ = std::make_unique<boost::asio::steady_timer>(host.io());
  keys_ = std::make_unique<service::AdmittedPublicKeys>(host, store::KeyKind::worker);
  host.zmq().authenticate(
      host.io(), [this](const std::string& domain, const std::string& key, std::function<void(bool)> answer) {
        if (domain != "worker") return answer(false);
        keys_->ask(key, [this, key, answer](std::optional<std::string> name) {
          if (!name) {
            host_->metrics().count("headrace_dispatcher_keys_refused_total");
            spdlog::warn("a worker's key is not allowed key={}", key);
          }
          answer(name.has_value());
        });
      });
  listen();
  add_metrics();
}

void DispatcherService::listen() {
  auto& host = *host_;
  workers_ = std::make_unique<bus::Socket>(host.io(), host.zmq(), bus::SocketType::router);
  workers_->bound_peers({limits::kWorkerFrame, limits::kUnheard, limits::kUnheardBytes,
                         limits::kConnectionsPerWorker, 0, limits::kQueuedFromWorker, limits::kQueuedToPeer},
                        host.site_key().public_key);
  service::bind_all(*workers_, service::split_endpoints(settings_.workers), host.site_key(), "worker", true);
  workers_->on_message([this](bus::Message m) { on_message(m); });
  workers_->on_drained([this] { match(); });
}

void DispatcherService::on_message(const bus::Message& m) {
  host_->metrics().count("headrace_dispatcher_messages_total");
  if (!core_ || m.frames.size() != 2) return;
  // The key is looked up for every message: a connection outlives the removal of its key.
  const auto worker = keys_->name_of(m.user);
  if (!worker) return;
  if (!entrance_.admits(*worker, m.frames[0], m.frames[1].size(), host_->now()))
    return host_->metrics().count("headrace_dispatcher_messages_refused_total");
  if (m.frames[0] == wire::Hello::kName) said_hello_[*worker] = m.user;
  core_->on_message(m.peer, *worker, m.frames[0], m.frames[1], now());
  perform();
}

void DispatcherService::add_metrics() {
  auto& host = *host_;
  host.metrics().counter("headrace_dispatcher_messages_total", "messages of workers");
  host.metrics().counter("headrace_dispatcher_messages_refused_total",
                         "messages of workers that are larger, or come more often, than they may");
  host.metrics().counter("headrace_dispatcher_keys_refused_total",
                         "handshakes with a key that is not allowed");
  const auto gauge = [&](const char* name, const char* help, auto value) {
    host.metrics().gauge(name, help,
                         [this, value] { return core_ ? static_cast<double>(value(*core_)) : 0.0; });
  };
  gauge("headrace_requests_pending", "requests that wait for a worker",
        [](const Core& c) { return c.pending_count(); });
  gauge("headrace_builds_running", "builds that this dispatcher drives",
        [](const Core& c) { return c.running_count(); });
  gauge("headrace_workers_connected", "workers that said hello to this dispatcher",
        [](const Core& c) { return c.worker_count(); });
}

void DispatcherService::load() {
  generation_.renew();
  logs_->connect(generation_.guard([this] { load_requests(); }),
                 generation_.guard([this](const std::string& reason) {
                   host_->reload("the connection for logs was lost: " + reason);
                 }));
}

// The requests are read before the version of the configuration: one that is applied in between is read, and
// one that is applied later comes as an event.
void DispatcherService::load_requests() {
  host_->read(store::open_requests(), [this](store::OpenRequests open) {
    for (const auto& complaint : open.complaints) spdlog::error("{}", complaint);
    config_->refresh([this, open = std::move(open)] { make_core(open); });
  });
}

void DispatcherService::make_core(const store::OpenRequests& open) {
  core_ = std::make_unique<Core>(
      CoreSettings{host_->instance(), milliseconds(settings_.lease_ms), milliseconds(settings_.heartbeat_ms),
                   milliseconds(settings_.offer_ms), settings_.max_attempts,
                   [] { return store::random_hex(16); }},
      config_->current(), config_->version(), open.requests, now());
  host_->loaded(open.head);
  perform();
  // The keys are read after the head of the event log: a key that is allowed in between is found by this
  // read or comes as an event. And they are read after the core is made: a worker may say hello as soon as
  // it is admitted.
  read_keys();
}

void DispatcherService::unload() {
  generation_.renew();
  core_.reset();
  keys_->lost();
  logs_->clear();
  mover_->clear();
  match_timer_->cancel();
  match_at_.reset();
}

void DispatcherService::read_keys() {
  keys_->read([this] {
    host_->zmq().answer_handshakes();
    for (auto it = said_hello_.begin(); it != said_hello_.end();) {
      const bool allowed = keys_->name_of(it->second) == it->first;
      if (!allowed && core_) core_->on_key_removed(it->first, now());
      it = allowed ? std::next(it) : said_hello_.erase(it);
    }
    perform();
  });
}

void DispatcherService::on_event(const wire::Event& event) {
  const auto any = wire::read_event(event);
  if (std::holds_alternative<wire::KeysChanged>(any)) return read_keys();
  if (std::holds_alternative<wire::ConfigApplied>(any)) return refresh_configuration();
  if (core_) core_->on_event(any, now());
  perform();
}

void DispatcherService::refresh_configuration() {
  config_->refresh([this] {
    if (core_) core_->on_configuration(config_->current(), config_->version(), now());
    perform();
  });
}

void DispatcherService::on_events_drained() { match(); }

void DispatcherService::match(bool anew) {
  if (!core_) return;
  core_->match(now(), anew);
  perform();
  const auto next = core_ ? core_->next_match() : std::nullopt;
  if (!next || next == match_at_) return;
  match_at_ = next;
  match_timer_->expires_at(std::chrono::steady_clock::time_point(next->time_since_epoch()));
  match_timer_->async_wait([this](const boost::system::error_code& e) {
    if (e) return;
    match_at_.reset();
    match(true);
  });
}

void DispatcherService::on_tick() {
  if (!core_) return;
  core_->on_tick(now());
  perform();
  ++ticks_;
  if (ticks_ % kTicksBetweenTrims == 0) host_->commit(store::EventsTrim{settings_.keep_events});
  if (ticks_ % kTicksBetweenLeftovers == 0) mover_->look_for_leftovers();
}

std::string DispatcherService::unhealthy() const {
  if (!config_->current()) return "no configuration was applied yet";
  if (!logs_->connected()) return "the connection for logs is down";
  return "";
}

// An action may be answered at once, and the answer may bring more actions.
void DispatcherService::perform() {
  while (core_) {
    auto actions = core_->take_actions();
    if (actions.empty()) return;
    for (auto& action : actions) std::visit([this](auto& a) { perform(a); }, action);
  }
}

void DispatcherService::answer(Ticket ticket, Answer answer) {
  if (!core_ || !ticket) return;
  core_->on_answer(ticket, std::move(answer), now());
  // Any answer may have delayed a request or freed a worker.
  match();
}

void DispatcherService::perform(Send& a) { workers_->send_to(a.peer, {a.name, a.body}); }

void DispatcherService::perform(Commit& a) {
  host_->commit_call(std::move(a.call),
                     [this, ticket = a.ticket](store::Reply reply) { answer(ticket, std::move(reply)); });
}

void DispatcherService::perform(AppendLog& a) {
  logs_->commit(std::move(a.call), generation_.guard([this, ticket = a.ticket](store::Reply reply) {
    answer(ticket, std::move(reply));
  }));
}

void DispatcherService::perform(Ask& a) {
  std::visit(
      [&](const auto& question) {
        host_->read(read_of(question),
                    [this, ticket = a.ticket](auto found) { answer(ticket, std::move(found)); });
      },
      a.question);
}

void DispatcherService::perform(WantConfiguration& a) {
  config_->at(a.version, generation_.guard([this, ticket = a.ticket](ConfigurationPtr configuration) {
    answer(ticket, std::move(configuration));
  }));
}

void DispatcherService::perform(AnnounceLog& a) {
  host_->announce({wire::kLogGrowth + std::to_string(a.build.value),
                   wire::encode_value(json::Object{{"build", a.build.value},
                                                   {"step", a.log.step},
                                                   {"log", a.log.log},
                                                   {"lines", a.extent.lines},
                                                   {"size", a.extent.size_bytes}})});
}

void DispatcherService::perform(MoveLogs& a) { mover_->add(a.build, a.sizes, a.started_ms); }

}  // namespace headrace::dispatcher
