// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/service.hpp"

#include "dispatcher/load.hpp"
#include "log/log.hpp"
#include "service/endpoints.hpp"
#include "store/random.hpp"
#include "wire/codec.hpp"

namespace headrace::dispatcher {
namespace {

constexpr int kTicksBetweenTrims = 10;
constexpr int kTicksBetweenLeftovers = 15;

}  // namespace

void DispatcherService::start() {
  auto& host = *host_;
  config_ = std::make_unique<service::LiveConfig>(host);
  logs_ = std::make_unique<LogLane>(host.io(), host.settings().store);
  if (host.settings().data.empty())
    throw std::runtime_error("--data (HEADRACE_DATA) is needed: logs of finished builds go there");
  mover_ = std::make_unique<LogMover>(host, *logs_, std::filesystem::path(host.settings().data) / "logs");
  match_timer_ = std::make_unique<boost::asio::steady_timer>(host.io());
  keys_ = std::make_unique<service::AllowedKeys>(host, store::KeyKind::worker);
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
  workers_ = std::make_unique<bus::Socket>(host.io(), host.zmq(), bus::SocketType::router);
  service::bind_all(*workers_, service::split_endpoints(settings_.workers), host.site_key(), "worker", true);
  workers_->on_message([this](bus::Message m) {
    host_->metrics().count("headrace_dispatcher_messages_total");
    if (!core_ || m.frames.size() != 2) return;
    // The key is looked up for every message: a connection outlives the removal of its key.
    const auto worker = keys_->name_of(m.user);
    if (!worker) return;
    if (m.frames[0] == wire::Hello::kName) said_hello_[*worker] = m.user;
    core_->on_message(m.peer, *worker, m.frames[0], m.frames[1]);
  });
  workers_->on_drained([this] { match(); });
  host.metrics().counter("headrace_dispatcher_messages_total", "messages of workers");
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
  logs_->connect(generation_.guard([this] { config_->refresh([this] { load_requests(); }); }),
                 generation_.guard([this](const std::string& reason) {
                   host_->reload("the connection for logs was lost: " + reason);
                 }));
}

void DispatcherService::load_requests() {
  const auto read = [this](std::vector<std::string> words, std::function<void(store::RedisReply)> done) {
    host_->command(std::move(words), std::move(done));
  };
  read_open_requests(keys(), read, [this](events::Cursor cursor, std::vector<LoadedRequest> open) {
    core_ = std::make_unique<Core>(static_cast<Effects&>(*this),
                                   CoreSettings{host_->instance(), milliseconds(settings_.lease_ms),
                                                milliseconds(settings_.heartbeat_ms),
                                                milliseconds(settings_.offer_ms), settings_.max_attempts},
                                   config_->current(), config_->version(), std::move(open));
    host_->loaded(cursor);
    // After the cursor was read, so that a key allowed in between is either here or an event; and after the
    // core is there, so that the hello of a worker that is let in finds it.
    read_keys();
  });
}

void DispatcherService::unload() {
  generation_.renew();
  core_.reset();
  keys_->lost();
  logs_->clear();
  mover_->clear();
  match_timer_->cancel();
}

void DispatcherService::read_keys() {
  keys_->read([this] {
    host_->zmq().answer_handshakes();
    for (auto it = said_hello_.begin(); it != said_hello_.end();) {
      const bool allowed = keys_->name_of(it->second) == it->first;
      if (!allowed && core_) core_->dismiss(it->first);
      it = allowed ? std::next(it) : said_hello_.erase(it);
    }
  });
}

void DispatcherService::on_event(const wire::Event& event) {
  if (event.is("keys.changed")) return read_keys();
  if (event.is("config.applied")) {
    config_->refresh([this] {
      if (core_) core_->on_configuration(config_->current(), config_->version());
    });
    return;
  }
  if (core_) core_->on_event(event);
}

void DispatcherService::on_events_drained() { match(); }

void DispatcherService::match() {
  if (!core_) return;
  core_->match();
  const auto next = core_->next_match();
  if (!next) return;
  match_timer_->expires_at(std::chrono::steady_clock::time_point(next->time_since_epoch()));
  match_timer_->async_wait([this](const boost::system::error_code& e) {
    if (e || !core_) return;
    core_->match_anew();
    match();
  });
}

void DispatcherService::on_tick() {
  if (!core_) return;
  core_->on_tick();
  ++ticks_;
  if (ticks_ % kTicksBetweenTrims == 0)
    host_->commit({"events_trim", {std::to_string(settings_.keep_events)}}, {});
  if (ticks_ % kTicksBetweenLeftovers == 0) mover_->look_for_leftovers();
}

std::string DispatcherService::unhealthy() const {
  if (!config_->current()) return "no configuration was applied yet";
  if (!logs_->connected()) return "the connection for logs is down";
  return "";
}

// ---- Effects ----

void DispatcherService::commit(store::Call call, std::function<void(store::Reply)> done) {
  host_->commit(std::move(call), std::move(done));
}
void DispatcherService::append_log(store::Call call, std::function<void(store::Reply)> done) {
  logs_->append(std::move(call), std::move(done));
}
void DispatcherService::read(std::vector<std::string> words, std::function<void(store::RedisReply)> done) {
  host_->command(std::move(words), std::move(done));
}
void DispatcherService::configuration(ConfigVersion version,
                                      std::function<void(std::shared_ptr<config::Configuration>)> done) {
  config_->at(version, std::move(done));
}
void DispatcherService::send(const std::string& peer, const char* name, const std::string& body) {
  workers_->send_to(peer, {name, body});
}
void DispatcherService::announce_log(BuildId build, int step, int log, const LogState::Extent& extent) {
  host_->announce({"log.append." + std::to_string(build.value),
                   wire::encode_value(json::Object{{"build", build.value},
                                                   {"step", step},
                                                   {"log", log},
                                                   {"lines", extent.lines},
                                                   {"size", extent.size_bytes}})});
}
void DispatcherService::move_logs(BuildId build, const std::map<std::pair<int, int>, LogState>& logs) {
  std::map<std::pair<int, int>, std::int64_t> sizes;
  for (const auto& [place, log] : logs) sizes[place] = log.committed.size_bytes;
  mover_->add(build, sizes);
}
void DispatcherService::reload(const std::string& reason) { host_->reload(reason); }
std::string DispatcherService::nonce() { return store::random_hex(16); }
MonoTime DispatcherService::now() { return mono_now(); }
std::int64_t DispatcherService::wall_ms() { return to_ms(wall_now()); }
const store::Keys& DispatcherService::keys() { return host_->store().keys(); }

}  // namespace headrace::dispatcher
