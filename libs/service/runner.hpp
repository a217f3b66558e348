// SPDX-License-Identifier: Apache-2.0
// The real house of a service: its Session performed with one thread, one loop, Redis, the bus and timers;
// /healthz and /metrics; and a clean end.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "bus/socket.hpp"
#include "http/server.hpp"
#include "service/house.hpp"
#include "service/session.hpp"
#include "service/settings.hpp"
#include "store/client.hpp"

namespace headrace::service {

struct RunnerOptions {
  EventSource event_source = EventSource::bus;
  milliseconds follow_pause{0};            ///< between two reads, for EventSource::event_log
  milliseconds delivery_delay{0};          ///< how long messages of the bus lie before all of them are taken
  std::vector<std::string> announcements;  ///< topics of unnumbered messages, "log.append."
  LeaseClock lease_clock = LeaseClock::roles;
};

class ServiceRunner : public House {
 public:
  ServiceRunner(RunnerSettings settings, std::string process, RunnerOptions options = {});
  ~ServiceRunner() override;

  /// Runs until SIGTERM, SIGINT or the parent's end. @return exit status
  int run(Service& service);

  boost::asio::io_context& io();
  store::Client& store();
  bus::Context& zmq();
  const RunnerSettings& settings() const;
  /// The site's key pair. Throws when there is none (HEADRACE_SITE_KEY).
  const bus::KeyPair& site_key() const;
  /// Publishes an announcement without a number; may be lost. What was committed before goes out before.
  void announce(const bus::Frames& frames);
  /// /healthz (200 only when the service can do its work; says the durability) and /metrics, for services
  /// that have an HTTP port of their own.
  http::Response answer_status(const http::Request& request);

  void loaded(events::Cursor cursor) override;
  void reload(const std::string& reason) override;
  bool is_loaded() const override;
  std::string why_not_durable() const override;
  void commit_call(store::Call call, std::function<void(store::Reply)> done) override;
  void ask(const std::function<store::Round(const store::KeyNames&)>& start) override;
  MonoTime now() const override { return mono_now(); }
  WallTime wall_now() const override { return headrace::wall_now(); }
  void call_at(MonoTime when, std::function<void()> what) override;
  const std::string& instance() const override;
  process::Metrics& metrics() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::service
