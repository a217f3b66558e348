// SPDX-License-Identifier: Apache-2.0
// What every service of the system stands in: one thread, one loop, Redis, the bus, the numbered events,
// a tick a second, /healthz and /metrics, and a clean end.
//
// The life of a service: the connection to Redis comes up → load() reads the state and says from which
// event on it wants to hear → events and ticks → the connection is lost → unload() throws the state away
// (nobody knows what of the batch in flight was committed) → the connection comes up → load() …
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bus/socket.hpp"
#include "clock/clock.hpp"
#include "events/reader.hpp"
#include "http/server.hpp"
#include "process/metrics.hpp"
#include "service/settings.hpp"
#include "store/client.hpp"

namespace headrace::service {

class Host;

class Service {
 public:
  virtual ~Service() = default;
  /// Before the first connection: sockets and timers that outlive connections.
  virtual void start(Host&) {}
  /// Read what is needed, then call Host::loaded exactly once.
  virtual void load(Host& host) = 0;
  virtual void unload() = 0;
  virtual void on_event(const wire::Event&) {}
  /// After a run of on_event, and once right after loaded().
  virtual void on_events_drained() {}
  /// Unnumbered announcements (growth of logs). @param frames  topic first
  virtual void on_announcement(const bus::Frames&) {}
  /// The log went back behind what was read (fail-over, power loss); load() follows. State kept elsewhere
  /// than in Redis must be made anew.
  virtual void on_broken_log() {}
  /// Once a second while loaded.
  virtual void on_tick() {}
  /// Why the service cannot do its work now; "" when it can.
  virtual std::string unhealthy() const { return ""; }
  /// SIGTERM: leave what others should take over; call done when ready (at most 5 s are waited).
  virtual void stop(std::function<void()> done) { done(); }
};

struct HostOptions {
  bool reads_events = true;                ///< false: no event reader
  bool follows_log = false;                ///< events come from the log, not over the bus; see event_feed.hpp
  milliseconds calm{0};                    ///< between two looks at the log, when it follows that
  std::vector<std::string> announcements;  ///< topics of unnumbered messages, "log.append."
  milliseconds gather{0};                  ///< how long events may lie before they are taken, all at once
  std::string lease_clock = "roles";       ///< which clock this process ticks; "" none
};

class Host {
 public:
  Host(HostSettings settings, std::string process, HostOptions options = {});
  ~Host();

  /// Runs until SIGTERM, SIGINT or the parent's end. @return exit status
  int run(Service& service);

  boost::asio::io_context& io();
  store::Client& store();
  bus::Context& zmq();
  process::Metrics& metrics();
  const HostSettings& settings() const;
  const std::string& process() const;
  /// Random, of this process life: "scheduler-3f2a…".
  const std::string& instance() const;
  /// The site's key pair. Throws when there is none (HEADRACE_SITE_KEY).
  const bus::KeyPair& site_key() const;

  /// Call from load(): the state includes everything up to `cursor`.
  void loaded(events::Cursor cursor);
  /// Throws the state away and loads it again, as after a lost connection.
  void reload(const std::string& reason);

  /// Adds a transition to the next batch. One batch is in flight at a time; `done` comes when the whole
  /// batch is committed, its events are published by then. Dropped when the connection is lost.
  void commit(store::Call call, std::function<void(store::Reply)> done);
  /// A plain read, outside of batches.
  void command(std::vector<std::string> words, std::function<void(store::RedisReply)> done);

  /// Publishes an announcement without a number; may be lost.
  void announce(const bus::Frames& frames);
  bool is_loaded() const;

  /// /healthz (200 only when the service can do its work; says the durability) and /metrics, for services
  /// that have an HTTP port of their own.
  http::Response answer_status(const http::Request& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::service
