// SPDX-License-Identifier: Apache-2.0
#include "service/host.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <stdexcept>

#include "clock/clock.hpp"
#include "log/log.hpp"
#include "process/loop.hpp"
#include "process/status_page.hpp"
#include "service/event_feed.hpp"
#include "service/key_file.hpp"
#include "store/random.hpp"

namespace headrace::service {
namespace {

namespace asio = boost::asio;
constexpr milliseconds kPublish{3};  // until events that were committed here go to the bus
constexpr seconds kStuck{5};         // a batch in flight for longer: not healthy
constexpr seconds kDead{30};         // … for longer: the connection counts as lost
constexpr milliseconds kRetryFirst{50}, kRetryMost{1000};
constexpr milliseconds kReloadFirst{50}, kReloadMost{1000};
constexpr seconds kReloadCalm{5};  // without a reload, until the next one is done at once again
constexpr seconds kStopLimit{5};
// Families of numbered events; announcements are subscribed to one by one.
constexpr const char* kEventTopics[] = {"change.", "buildset.", "request.", "build.",
                                        "step.",   "worker.",   "config.",  "keys."};

bool over_network(const std::string& endpoint) { return endpoint.starts_with("tcp://"); }

}  // namespace

struct Host::Impl {
  Impl(HostSettings s, std::string p, HostOptions o)
      : settings(std::move(s)),
        process(std::move(p)),
        instance(process + "-" + store::random_hex(4)),
        options(std::move(o)),
        loop(process, settings.log_level),
        store(io, settings.store),
        status([this] { return health(); }, metrics),
        tick_timer(io),
        retry_timer(io),
        reload_timer(io),
        stop_timer(io),
        publish_timer(io),
        feed(io, store,
             {[this](const wire::Event& event) { service->on_event(event); },
              [this] { service->on_events_drained(); },
              [this] {
                service->on_broken_log();
                reload("the event log went back behind what was read");
              },
              [this](const std::string& reason) { reload(reason); }}) {
    if (options.reads_events && options.follows_log) feed.follow_log(settings.store, options.calm);
  }

  HostSettings settings;
  std::string process, instance;
  HostOptions options;
  process::Loop loop;
  asio::io_context& io = loop.io();
  store::Client store;
  bus::Context zmq;
  process::Metrics metrics;
  process::StatusPage status;
  asio::steady_timer tick_timer, retry_timer, reload_timer, stop_timer, publish_timer;
  MonoTime reloaded{};  // last time
  milliseconds reload_wait{0};
  std::vector<bus::Frames> to_publish;  // events committed here, in order
  EventFeed feed;
  std::unique_ptr<bus::Socket> publisher, subscriber;
  std::optional<bus::KeyPair> site_key;
  Service* service = nullptr;
  Host* host = nullptr;

  bool loaded = false;
  bool stopping = false;
  std::string down_reason = "not connected to Redis yet";
  std::string too_weak;  // why Redis cannot keep what --durability promises
  milliseconds retry{kRetryFirst};
  std::uint64_t life = 0;  // of the loaded state; answers of an earlier one are dropped

  struct Item {
    store::Call call;
    std::function<void(store::Reply)> done;
  };
  std::vector<Item> pending;
  std::optional<MonoTime> in_flight_since;
  bool flush_posted = false;

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
    if (type == bus::SocketType::sub) socket->gather(options.gather);
    if (over_network(endpoint)) socket->secure_client(key(), key().public_key);
    socket->connect(endpoint);
    return socket;
  }

  void start_bus() {
    if (!settings.bus_publish.empty()) publisher = connect_bus(bus::SocketType::pub, settings.bus_publish);
    const bool hears_events = options.reads_events && !feed.follows_log();
    const bool listens = hears_events || !options.announcements.empty();
    if (!listens || settings.bus_subscribe.empty()) return;
    subscriber = connect_bus(bus::SocketType::sub, settings.bus_subscribe);
    if (hears_events)
      for (const char* topic : kEventTopics) subscriber->subscribe(topic);
    for (const auto& topic : options.announcements) subscriber->subscribe(topic);
    subscriber->on_message([this](bus::Message m) {
      if (!loaded) return;
      if (m.frames.size() != 4) {
        service->on_announcement(m.frames);
        return;
      }
      auto event = wire::event_from_frames(m.frames);
      if (!event) {
        spdlog::warn("message on the bus refused topic={} reason={}", m.frames[0], event.error().text);
        return;
      }
      feed.take(std::move(*event));
    });
    subscriber->on_drained([this] { feed.drained(); });
  }

  // ---- the connection ----

  void connect() {
    const auto lost = [this](std::string reason) { try_again(reason); };
    const auto up = [this] {
      retry = kRetryFirst;
      down_reason.clear();
      spdlog::info("connected to Redis");
      check_durability();
      service->load(*host);
    };
    store.connect([this, lost, up] { feed.connect(up, lost); }, lost);
  }
  // What was promised by --durability rests on how Redis was set up. Where it does not say (a hosted one
  // may not), it is believed.
  void check_durability() {
    too_weak.clear();
    if (settings.store.durability == store::Durability::process) return;
    store.command({"CONFIG", "GET", "appendfsync"}, [this](store::RedisReply r) {
      if (r.items.size() != 2 || r.items[1].text == "always") return;
      too_weak = "Redis has appendfsync " + r.items[1].text + ": durability machine and replica need always";
      spdlog::error("{}", too_weak);
    });
    store.command({"CONFIG", "GET", "appendonly"}, [this](store::RedisReply r) {
      if (r.items.size() != 2 || r.items[1].text == "yes") return;
      too_weak = "Redis has appendonly " + r.items[1].text + ": durability machine and replica need yes";
      spdlog::error("{}", too_weak);
    });
  }
  void try_again(const std::string& reason) {
    lose(reason);
    store.disconnect();
    feed.disconnect();
    retry_timer.expires_after(retry);
    retry = std::min(retry * 2, kRetryMost);
    retry_timer.async_wait([this](const boost::system::error_code& e) {
      if (!e && !stopping) connect();
    });
  }
  void lose(const std::string& reason) {
    ++life;
    if (down_reason.empty()) spdlog::warn("connection to Redis lost reason={}", reason);
    down_reason = "Redis: " + reason;
    drop_state();
  }
  void drop_state() {
    feed.stop();
    pending.clear();
    in_flight_since.reset();
    if (std::exchange(loaded, false)) service->unload();
  }
  void reload(const std::string& reason) {
    if (!store.connected()) return;
    spdlog::warn("state is loaded again reason={}", reason);
    ++life;
    drop_state();
    // What made it necessary may still be there afterwards: then not as fast as the machine can.
    reload_wait = mono_now() - reloaded > kReloadCalm
                      ? milliseconds(0)
                      : std::clamp(reload_wait * 2, kReloadFirst, kReloadMost);
    reload_timer.expires_after(reload_wait);
    reload_timer.async_wait([this, now_life = life](const boost::system::error_code& e) {
      if (e || life != now_life || !store.connected()) return;
      reloaded = mono_now();
      service->load(*host);
    });
  }

  // ---- batches ----

  void post_flush() {
    if (flush_posted || in_flight_since) return;
    flush_posted = true;
    asio::post(io, [this] {
      flush_posted = false;
      flush();
    });
  }
  void flush() {
    if (pending.empty() || in_flight_since || !store.connected()) return;
    in_flight_since = mono_now();
    feed.hold(true);
    auto batch = std::make_shared<std::vector<Item>>(std::move(pending));
    pending.clear();
    std::vector<store::Call> calls;
    calls.reserve(batch->size());
    for (auto& item : *batch) calls.push_back(std::move(item.call));
    metrics.count("headrace_store_batches_total");
    metrics.count("headrace_store_calls_total", static_cast<std::int64_t>(calls.size()));
    const auto now_life = life;
    store.commit(std::move(calls), [this, batch, now_life](std::vector<store::Reply> replies) {
      if (life != now_life) return;
      in_flight_since.reset();
      for (const auto& reply : replies) publish(reply);
      for (std::size_t i = 0; i < replies.size(); ++i) {
        // A service hears of its own events from here, without the way over the bus.
        auto events = std::move(replies[i].events);
        if ((*batch)[i].done) (*batch)[i].done(std::move(replies[i]));
        if (life != now_life) return;
        for (auto& event : events) {
          feed.take(std::move(event));
          if (life != now_life) return;
        }
      }
      feed.hold(false);
      if (life == now_life) feed.drained();
      if (life == now_life) flush();
    });
  }
  // Nobody whom a build waits for hears of it over the bus: events go out a little later and together, so
  // that the threads they wake are not in the way of what the event has caused.
  void publish(const store::Reply& reply) {
    if (!publisher || reply.events.empty()) return;
    if (to_publish.empty()) {
      publish_timer.expires_after(kPublish);
      publish_timer.async_wait([this](const boost::system::error_code& e) {
        if (!e) publish_all();
      });
    }
    for (std::size_t i = 0; i < reply.events.size(); ++i)
      to_publish.push_back(wire::to_frames(reply.events[i], reply.envelopes[i]));
  }
  void publish_all() {
    for (const auto& frames : to_publish) publisher->send(frames);
    to_publish.clear();
  }

  // ---- the second ----

  void tick() {
    tick_timer.expires_after(seconds(1));
    tick_timer.async_wait([this](const boost::system::error_code& e) {
      if (e) return;
      if (in_flight_since && mono_now() - *in_flight_since > kDead) try_again("no answer for 30 s");
      if (store.connected() && loaded) {
        if (!options.lease_clock.empty()) host->commit({"tick", {options.lease_clock}}, {});
        service->on_tick();
      }
      tick();
    });
  }

  std::string why_unhealthy() const {
    if (!down_reason.empty()) return down_reason;
    if (!loaded) return "loading state";
    if (!too_weak.empty()) return too_weak;
    if (in_flight_since && mono_now() - *in_flight_since > kStuck) return "Redis does not answer";
    return service->unhealthy();
  }

  process::Health health() const {
    static constexpr const char* kNames[] = {"process", "machine", "replica"};
    return {why_unhealthy(),
            {{"process", process}, {"durability", kNames[static_cast<int>(settings.store.durability)]}}};
  }

  void begin_stop() {
    stopping = true;
    stop_timer.expires_after(kStopLimit);
    stop_timer.async_wait([this](const boost::system::error_code& e) {
      if (!e) loop.end();
    });
    service->stop([this] {
      asio::post(io, [this] {
        publish_all();
        loop.end();
      });
    });
  }
};

Host::Host(HostSettings settings, std::string process, HostOptions options)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(process), std::move(options))) {
  impl_->host = this;
  metrics().counter("headrace_store_batches_total", "pipelines of transitions sent to Redis");
  metrics().counter("headrace_store_calls_total", "transitions sent to Redis");
}
Host::~Host() = default;

int Host::run(Service& service) {
  auto& i = *impl_;
  i.service = &service;
  try {
    i.start_bus();
    i.status.serve(i.io, i.settings.status);
    service.start(*this);
  } catch (const std::runtime_error& e) {
    // What was asked for cannot be had (port taken, key missing): wrong usage, said in words.
    spdlog::error("{}", e.what());
    return 2;
  }
  i.loop.watch_parent(i.settings.parent_fd);
  i.connect();
  i.tick();
  const int status = i.loop.run([&i](const std::string&) { i.begin_stop(); });
  spdlog::info("stopped");
  return status;
}

asio::io_context& Host::io() { return impl_->io; }
store::Client& Host::store() { return impl_->store; }
bus::Context& Host::zmq() { return impl_->zmq; }
process::Metrics& Host::metrics() { return impl_->metrics; }
const HostSettings& Host::settings() const { return impl_->settings; }
const std::string& Host::process() const { return impl_->process; }
const std::string& Host::instance() const { return impl_->instance; }
const bus::KeyPair& Host::site_key() const { return impl_->key(); }
bool Host::is_loaded() const { return impl_->loaded; }

void Host::loaded(events::Cursor cursor) {
  auto& i = *impl_;
  i.loaded = true;
  if (i.options.reads_events) i.feed.start(std::move(cursor));
  spdlog::info("loaded event={}", i.feed.position().value);
}

void Host::reload(const std::string& reason) { impl_->reload(reason); }

void Host::commit(store::Call call, std::function<void(store::Reply)> done) {
  if (!impl_->store.connected()) return;
  impl_->pending.push_back({std::move(call), std::move(done)});
  impl_->post_flush();
}

void Host::command(std::vector<std::string> words, std::function<void(store::RedisReply)> done) {
  auto* i = impl_.get();
  const auto now_life = i->life;
  i->store.command(std::move(words), [i, now_life, done = std::move(done)](store::RedisReply r) {
    if (i->life == now_life) done(std::move(r));
  });
}

void Host::announce(const bus::Frames& frames) {
  auto& i = *impl_;
  if (!i.publisher) return;
  i.publish_all();  // what is announced comes after what was committed before it
  i.publisher->send(frames);
}

http::Response Host::answer_status(const http::Request& request) { return impl_->status.answer(request); }

}  // namespace headrace::service
