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
class SimulatedDispatcher : public service::Service {
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
  void perform();
  void perform(dispatcher::Send& a);
  void perform(dispatcher::Commit& a);
  void perform(dispatcher::AppendLog& a);
  void perform(dispatcher::Ask& a);
  void perform(dispatcher::WantConfiguration& a);
  void perform(dispatcher::AnnounceLog&) {}
  void perform(dispatcher::MoveLogs&) {}
  void answer(dispatcher::Ticket ticket, dispatcher::Answer answer);
  dispatcher::Now now() const;

  void load_requests();
  void match(bool anew = false);
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
                {service::EventSource::event_log, milliseconds(0), service::LeaseClock::none}),
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
