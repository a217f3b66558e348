// SPDX-License-Identifier: Apache-2.0
// The sockets, connections and timers around the dispatcher's core.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <string>

#include "dispatcher/core.hpp"
#include "dispatcher/log_lane.hpp"
#include "dispatcher/log_mover.hpp"
#include "dispatcher/settings.hpp"
#include "generation/generation.hpp"
#include "service/allowed_keys.hpp"
#include "service/live_config.hpp"
#include "service/runner.hpp"

namespace headrace::dispatcher {

class DispatcherService : public service::Service, public Effects {
 public:
  DispatcherService(service::ServiceRunner& runner, Settings settings)
      : settings_(std::move(settings)), host_(&runner) {}

  void start() override;
  void load() override;
  void unload() override;
  void on_event(const wire::Event& event) override;
  void on_events_drained() override;
  void on_tick() override;
  std::string unhealthy() const override;

 private:
  // Effects
  void commit(store::Call call, std::function<void(store::Reply)> done) override;
  void append_log(store::Call call, std::function<void(store::Reply)> done) override;
  void read(std::vector<std::string> words, std::function<void(store::RedisReply)> done) override;
  void configuration(ConfigVersion version,
                     std::function<void(std::shared_ptr<config::Configuration>)> done) override;
  void send(const std::string& peer, const char* name, const std::string& body) override;
  void announce_log(BuildId build, int step, int log, const LogState::Extent& extent) override;
  void move_logs(BuildId build, const std::map<std::pair<int, int>, LogState>& logs) override;
  void reload(const std::string& reason) override;
  std::string nonce() override;
  MonoTime now() override;
  std::int64_t wall_ms() override;
  const store::Keys& keys() override;

  void read_keys();
  void load_requests();
  void match();

  Settings settings_;
  service::ServiceRunner* host_;
  std::unique_ptr<service::LiveConfig> config_;
  std::unique_ptr<bus::Socket> workers_;
  std::unique_ptr<LogLane> logs_;
  std::unique_ptr<LogMover> mover_;
  std::unique_ptr<boost::asio::steady_timer> match_timer_;
  std::unique_ptr<Core> core_;
  std::unique_ptr<service::AllowedKeys> keys_;
  std::map<std::string, std::string> said_hello_;  ///< worker → the key with which it did
  int ticks_ = 0;
  Generation generation_;  ///< of the loaded state
};

}  // namespace headrace::dispatcher
