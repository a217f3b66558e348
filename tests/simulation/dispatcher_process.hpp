// SPDX-License-Identifier: Apache-2.0
// dispatcher::Core in a simulated process: what services/dispatcher/service.cpp is to the real one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "dispatcher/core.hpp"
#include "simulation/network.hpp"
#include "simulation/process.hpp"

namespace headrace::simulation {

inline constexpr milliseconds kWorkerLease{10'000};
inline constexpr int kMaxAttempts = 6;

class DispatcherProcess : public Process, private dispatcher::Effects {
 public:
  DispatcherProcess(Environment& environment, Network& network, std::size_t index);

  void on_message(const std::string& peer, const std::string& user, const std::string& name,
                  const std::string& body);
  void lose_log_line();

  /// Builds whose logs it was told to move.
  std::set<std::int64_t> moved;

 private:
  void load() override;
  void unload() override;
  void on_event(const wire::Event& event) override;
  void on_events_drained() override { match(); }
  void on_tick() override;
  void on_crash() override;

  void commit(store::Call call, std::function<void(store::Reply)> done) override;
  void append_log(store::Call call, std::function<void(store::Reply)> done) override;
  void read(std::vector<std::string> words, std::function<void(store::RedisReply)> done) override;
  void configuration(ConfigVersion version,
                     std::function<void(std::shared_ptr<config::Configuration>)> done) override;
  void send(const std::string& peer, const char* name, const std::string& body) override;
  void announce_log(BuildId, int, int, const dispatcher::LogState::Extent&) override {}
  void move_logs(BuildId build, const std::map<std::pair<int, int>, dispatcher::LogState>&) override {
    moved.insert(build.value);
  }
  void reload(const std::string& reason) override { reload_state(reason); }
  std::string nonce() override { return env_.dice.hex(32); }
  MonoTime now() override { return env_.timeline.now(); }
  std::int64_t wall_ms() override { return env_.timeline.wall_ms(); }
  const store::Keys& keys() override { return env_.store.keys(); }

  void refresh(std::function<void()> done);
  void match();
  void flush_logs();

  Network& network_;
  std::size_t index_;
  RedisLine log_line_;
  std::vector<std::pair<store::Call, std::function<void(store::Reply)>>> log_calls_;
  bool log_in_flight_ = false;
  std::uint64_t log_life_ = 0;
  ConfigVersion version_;
  std::unique_ptr<dispatcher::Core> core_;
  std::optional<MonoTime> match_at_;
};

}  // namespace headrace::simulation
