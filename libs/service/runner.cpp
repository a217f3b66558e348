// SPDX-License-Identifier: Apache-2.0
#include "service/runner.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <stdexcept>

#include "log/log.hpp"
#include "process/loop.hpp"
#include "process/private_files.hpp"
#include "process/status_page.hpp"
#include "service/key_file.hpp"
#include "store/random.hpp"
#include "store/state/events.hpp"

namespace headrace::service {
namespace {

namespace asio = boost::asio;
constexpr seconds kStopLimit{5};
// Between two looks at how Redis keeps what it has committed: while it keeps the promise, and while it does
// not.
constexpr seconds kLook{60}, kLookAtWeak{5};
// Families of numbered events; announcements are subscribed to one by one.
constexpr const char* kEventTopics[] = {"change.", "buildset.", "request.", "build.",
                                        "step.",   "worker.",   "config.",  "keys."};

SessionOptions session_options(const RunnerSettings& settings, const RunnerOptions& options) {
  return {options.event_source, options.follow_pause, options.lease_clock, !settings.bus_publish.empty()};
}

}  // namespace

struct ServiceRunner::Impl {
  Impl(RunnerSettings s, std::string p, RunnerOptions o)
      : settings(std::move(s)),
        name(std::move(p)),
        instance(name + "-" + store::random_hex(4)),
        options(std::move(o)),
        loop(name, settings.log_level),
        store(io, settings.store),
        status([this] { return health(); }, metrics),
        wake_timer(io),
        stop_timer(io),
        look_timer(io),
        session(session_options(settings, options)) {
    if (options.event_source == EventSource::event_log)
      event_log = std::make_unique<store::Client>(io, settings.store);
    metrics.counter("headrace_store_batches_total", "pipelines of transitions sent to Redis");
    metrics.counter("headrace_store_calls_total", "transitions sent to Redis");
    metrics.gauge("headrace_durability_broken", "1 while Redis cannot keep what the durability promises",
                  [this] { return store.connected() && store.weakness().empty() ? 0.0 : 1.0; });
  }

  RunnerSettings settings;
  std::string name, instance;
  RunnerOptions options;
  process::Loop loop;
  asio::io_context& io = loop.io();
  store::Client store;
  std::unique_ptr<store::Client> event_log;  ///< for blocking reads of the event log
  bus::Context zmq;
  process::Metrics metrics;
  process::StatusPage status;
  asio::steady_timer wake_timer, stop_timer, look_timer;
  std::optional<MonoTime> armed;  ///< wake_timer
  std::unique_ptr<bus::Socket> publisher, subscriber;
  std::optional<bus::KeyPair> site_key;
  std::string weakness_said;  ///< of the store, as the log has it
  Service* service = nullptr;
  Session session;
  bool performing = false;

  const bus::KeyPair& key() {
    if (!site_key) {
      if (settings.site_key.empty())
        throw std::runtime_error("a tcp:// endpoint needs --site-key (HEADRACE_SITE_KEY)");
      auto pair = read_key_file(settings.site_key);
      if (!pair) throw std::runtime_error(pair.error().text);
      site_key = *pair;
    }
    return *site_key;
  }

  std::unique_ptr<bus::Socket> connect_bus(bus::SocketType type, const std::string& endpoint) {
    auto socket = std::make_unique<bus::Socket>(io, zmq, type);
    if (type == bus::SocketType::sub) socket->gather(options.delivery_delay);
    if (endpoint.starts_with("tcp://")) socket->secure_client(key(), key().public_key);
    socket->connect(endpoint);
    return socket;
  }

  void start_bus() {
    if (!settings.bus_publish.empty()) publisher = connect_bus(bus::SocketType::pub, settings.bus_publish);
    const bool hears_events = options.event_source == EventSource::bus;
    const bool listens = hears_events || !options.announcements.empty();
    if (!listens || settings.bus_subscribe.empty()) return;
    subscriber = connect_bus(bus::SocketType::sub, settings.bus_subscribe);
    if (hears_events)
      for (const char* topic : kEventTopics) subscriber->subscribe(topic);
    for (const auto& topic : options.announcements) subscriber->subscribe(topic);
    subscriber->on_message([this](bus::Message m) { on_bus(m.frames); });
    subscriber->on_drained([this] {
      session.on_bus_drained();
      perform();
    });
  }

  void on_bus(const bus::Frames& frames) {
    if (!session.loaded()) return;
    if (frames.size() != 4) return service->on_announcement(frames);
    auto event = wire::event_from_frames(frames);
    if (!event)
      return spdlog::warn("message on the bus refused topic={} reason={}", frames[0], event.error().text);
    session.on_event(std::move(*event), mono_now());
    perform();
  }

  // Performs what the session wants, until it wants nothing. What that causes here again is taken by the loop
  // below.
  void perform() {
    if (performing) return;
    performing = true;
    while (auto next = session.next(mono_now())) std::visit([this](auto& a) { perform(a); }, *next);
    performing = false;
    arm();
  }

  // A timer that rings too early does no harm; setting it anew for each event would cost more.
  void arm() {
    const auto wake = session.next_wake();
    if (!wake || (armed && *armed <= *wake)) return;
    armed = wake;
    wake_timer.expires_at(std::chrono::steady_clock::time_point(wake->time_since_epoch()));
    wake_timer.async_wait([this](const boost::system::error_code& e) {
      if (e) return;
      armed.reset();
      session.on_time(mono_now());
      perform();
    });
  }

  void perform(action::Connect&) {
    const auto lost = [this](const std::string& reason) {
      session.on_lost(reason, mono_now());
      perform();
    };
    const auto up = [this] {
      session.on_connected(mono_now());
      say_weakness();
      perform();
    };
    store.connect([this, up, lost] { event_log ? event_log->connect(up, lost) : up(); }, lost);
  }
  void say_weakness() {
    const auto& weakness = store.weakness();
    if (weakness != weakness_said) {
      if (weakness.empty()) spdlog::info("Redis keeps what the durability promises again");
      if (!weakness.empty()) spdlog::error("{}", weakness);
      weakness_said = weakness;
    }
    look_timer.expires_after(weakness.empty() ? kLook : kLookAtWeak);
    look_timer.async_wait([this](const boost::system::error_code& e) {
      if (!e) store.look_again([this] { say_weakness(); });
    });
  }
  void perform(action::Disconnect&) {
    look_timer.cancel();
    store.disconnect();
    if (event_log) event_log->disconnect();
  }
  void perform(action::PostTurn&) {
    asio::post(io, [this] {
      session.on_turn(mono_now());
      perform();
    });
  }
  void perform(action::Load&) { service->load(); }
  void perform(action::Unload&) { service->unload(); }
  void perform(action::GiveEvent& a) { service->on_event(a.event); }
  void perform(action::EventsDrained&) { service->on_events_drained(); }
  void perform(action::EventLogBroken&) { service->on_broken_event_log(); }
  void perform(action::Tick&) { service->on_tick(); }
  void perform(action::GiveAnswer& a) { a.done(std::move(a.reply)); }
  void perform(action::Commit& a) {
    metrics.count("headrace_store_batches_total");
    metrics.count("headrace_store_calls_total", static_cast<std::int64_t>(a.calls.size()));
    store.commit(std::move(a.calls), session.generation().guard([this](std::vector<store::Reply> replies) {
      session.on_committed(std::move(replies), mono_now());
      perform();
    }));
  }
  void perform(action::ReadEvents& a) {
    const auto& [after, most, block] = a.read;
    const bool blocks = block.count() > 0;
    const auto events =
        blocks ? store::await_events_after(after, most, block) : store::events_after(after, most);
    ask(blocks ? *event_log : store, events, [this](Result<std::vector<wire::Event>> found) {
      session.on_events_read(std::move(found), mono_now());
      perform();
    });
  }
  void perform(action::Publish& a) {
    if (!publisher) return;
    for (const auto& p : a.events) publisher->send(wire::to_frames(p.event, p.envelope));
  }
  void perform(action::Note& a) {
    spdlog::log(a.level == action::Note::Level::warn ? spdlog::level::warn : spdlog::level::info, "{}",
                a.text);
  }

  // Answers that belong to a state that was thrown away are dropped.
  template <class T, class F>
  void ask(store::Client& client, const store::Read<T>& question, F done) {
    client.read(session.generation().mark(), question, std::move(done));
  }

  process::Health health() const {
    auto reason = session.why_unhealthy(mono_now());
    if (reason.empty()) reason = store.weakness();
    if (reason.empty()) reason = service->unhealthy();
    auto details = service->details();
    details["process"] = name;
    details["durability"] = std::string(store::durability_name(settings.store.durability));
    return {std::move(reason), std::move(details)};
  }

  void begin_stop() {
    session.on_stop();
    stop_timer.expires_after(kStopLimit);
    stop_timer.async_wait([this](const boost::system::error_code& e) {
      if (!e) loop.end();
    });
    service->stop([this] {
      asio::post(io, [this] {
        session.publish_now();
        perform();
        loop.end();
      });
    });
  }
};

ServiceRunner::ServiceRunner(RunnerSettings settings, std::string process, RunnerOptions options)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(process), std::move(options))) {}
ServiceRunner::~ServiceRunner() = default;

namespace {

// Each connection takes a descriptor. A terminal gives 1024, for the sake of programs that use select().
void allow_more_descriptors() {
  constexpr rlim_t kEnough = 65'536;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= kEnough) return;
  files.rlim_cur = std::min(files.rlim_max, kEnough);
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace

int ServiceRunner::run(Service& service) {
  auto& i = *impl_;
  allow_more_descriptors();
  i.service = &service;
  if (const auto& data = i.settings.data; !data.empty()) {
    for (const char* folder : {"/logs", "/web"})
      if (const auto open = process::close_to_others(data + folder, process::Depth::tree); !open.empty())
        spdlog::warn("{}", open);
    process::close_to_others(data + "/pollers", process::Depth::folder);
  }
  try {
    i.start_bus();
    i.status.serve(i.io, i.settings.status);
    service.start();
  } catch (const std::runtime_error& e) {
    // What was asked for cannot be had (port taken, key missing): wrong usage, said in words.
    spdlog::error("{}", e.what());
    return 2;
  }
  i.loop.watch_parent(i.settings.parent_fd);
  i.session.on_started(mono_now());
  i.perform();
  const int status = i.loop.run([&i](const std::string&) { i.begin_stop(); });
  spdlog::info("stopped");
  return status;
}

asio::io_context& ServiceRunner::io() { return impl_->io; }
store::Client& ServiceRunner::store() { return impl_->store; }
bus::Context& ServiceRunner::zmq() { return impl_->zmq; }
process::Metrics& ServiceRunner::metrics() { return impl_->metrics; }
const RunnerSettings& ServiceRunner::settings() const { return impl_->settings; }
const std::string& ServiceRunner::instance() const { return impl_->instance; }
const bus::KeyPair& ServiceRunner::site_key() const { return impl_->key(); }
bool ServiceRunner::is_loaded() const { return impl_->session.loaded(); }
std::string ServiceRunner::why_not_durable() const { return impl_->store.weakness(); }

void ServiceRunner::loaded(events::Cursor cursor) {
  impl_->session.on_loaded(std::move(cursor));
  impl_->perform();
}

void ServiceRunner::reload(const std::string& reason) {
  impl_->session.reload(reason, mono_now());
  impl_->perform();
}

void ServiceRunner::commit_call(store::Call call, std::function<void(store::Reply)> done) {
  impl_->session.commit(std::move(call), std::move(done));
  impl_->perform();
}

void ServiceRunner::ask(const std::function<store::Round(const store::KeyNames&)>& start) {
  if (!impl_->session.takes_calls()) return;
  impl_->store.read(impl_->session.generation().mark(), start);
}

void ServiceRunner::call_at(MonoTime when, std::function<void()> what) {
  // Lives as long as its wait: nobody else holds it.
  auto timer = std::make_shared<asio::steady_timer>(
      impl_->io, std::chrono::steady_clock::time_point(when.time_since_epoch()));
  timer->async_wait([timer, what = std::move(what)](const boost::system::error_code& e) {
    if (!e) what();
  });
}

void ServiceRunner::announce(const bus::Frames& frames) {
  if (!impl_->publisher) return;
  impl_->session.publish_now();
  impl_->perform();
  impl_->publisher->send(frames);
}

http::Response ServiceRunner::answer_status(const http::Request& request) {
  return impl_->status.answer(request);
}

}  // namespace headrace::service
