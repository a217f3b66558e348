// SPDX-License-Identifier: Apache-2.0
// dispatcher::Core in a simulated process: what services/dispatcher/service.cpp is to the real one, with the
// network of the simulation in place of a ZeroMQ socket.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "dispatcher/core.hpp"
#include "service/live_config.hpp"
#include "simulation/network.hpp"
#include "simulation/process.hpp"

namespace headrace::simulation {

inline constexpr milliseconds kWorkerLease{10'000};
inline constexpr milliseconds kHeartbeat{2'000};
inline constexpr int kMaxAttempts = 6;

class DispatcherProcess;

/// One life of it.
class SimulatedDispatcher : public service::Service, private dispatcher::Effects {
 public:
  SimulatedDispatcher(DispatcherProcess& process, Environment& environment, Network& network,
                      std::size_t index);
  ~SimulatedDispatcher() override { log_line_.cut(); }

  void on_message(const std::string& peer, const std::string& user, const std::string& name,
                  const std::string& body);
  void lose_log_line();

  void load() override;
  void unload() override;
  void on_event(const wire::Event& event) override;
  void on_events_drained() override { match(); }
  void on_tick() override;

 private:
  void commit(store::Call call, std::function<void(store::Reply)> done) override;
  void append_log(store::Call call, std::function<void(store::Reply)> done) override;
  void read(std::vector<std::string> words, std::function<void(store::RedisReply)> done) override;
  void configuration(ConfigVersion version,
                     std::function<void(std::shared_ptr<config::Configuration>)> done) override;
  void send(const std::string& peer, const char* name, const std::string& body) override;
  void announce_log(BuildId, int, int, const dispatcher::LogState::Extent&) override {}
  void move_logs(BuildId, const std::map<std::pair<int, int>, dispatcher::LogState>&) override {}
  void reload(const std::string& reason) override;
  std::string nonce() override { return env_.dice.hex(32); }
  MonoTime now() override { return env_.timeline.now(); }
  std::int64_t wall_ms() override;
  const store::Keys& keys() override { return env_.store.keys(); }

  void load_requests();
  void match();
  void flush_logs();

  Environment& env_;
  DispatcherProcess& process_;
  Network& network_;
  std::size_t index_;
  RedisLine log_line_;
  store::Batch log_calls_;
  service::LiveConfig config_;
  std::unique_ptr<dispatcher::Core> core_;
  std::optional<MonoTime> match_at_;
  Generation generation_;  ///< of the loaded state
};

class DispatcherProcess : public Process {
 public:
  DispatcherProcess(Environment& environment, Network& network, std::size_t index)
      : Process(environment, "dispatcher" + std::to_string(index),
                {service::EventSource::log, milliseconds(0), service::LeaseClock::none}),
        network_(network),
        index_(index) {}

  void on_message(const std::string& peer, const std::string& user, const std::string& name,
                  const std::string& body) {
    if (alive()) dispatcher_->on_message(peer, user, name, body);
  }
  void lose_log_line() {
    if (alive()) dispatcher_->lose_log_line();
  }

 private:
  std::unique_ptr<service::Service> make_service() override {
    auto out = std::make_unique<SimulatedDispatcher>(*this, env_, network_, index_);
    dispatcher_ = out.get();
    return out;
  }
  void on_crash() override { network_.break_all_of(index_); }

  Network& network_;
  std::size_t index_;
  SimulatedDispatcher* dispatcher_ = nullptr;  ///< of this life
};

}  // namespace headrace::simulation
