// SPDX-License-Identifier: Apache-2.0
// worker::WorkerCore with a simulated launcher under it. It can crash (its commands die with it) and
// freeze (nothing happens in it for a while; its launcher kills the commands after the lease).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "simulation/network.hpp"
#include "simulation/steps.hpp"
#include "worker/core/core.hpp"

namespace headrace::simulation {

class WorkerProcess {
 public:
  WorkerProcess(Environment& environment, Network& network, StartedSteps& started, std::string name)
      : env_(environment), network_(network), started_(started), name_(std::move(name)) {}
  WorkerProcess(const WorkerProcess&) = delete;

  void start();
  void crash();
  void freeze(milliseconds time);
  /// Says goodbye and ends; does not come back.
  void stop();
  void on_message(const std::string& name, const std::string& body);
  void on_disconnected();
  /// Whether this life runs the build, and its lease holds by its own count.
  bool runs_with_lease(BuildId build) const {
    return core_ && core_->holds(build) && env_.timeline.now() < core_->lease_end();
  }
  int builds() const { return core_ ? core_->status().builds : 0; }

 private:
  struct Run {
    std::vector<std::string> argv;
    Step step;
    std::size_t next = 0;
    bool reading = true, killed = false, discard = false, lost = false;
    bool planned = false;
  };
  worker::Now now() const { return {env_.timeline.now(), from_ms(env_.timeline.wall_ms())}; }
  /// Runs `what` in this life of the process, after a freeze.
  void when_awake(MonoTime when, std::function<void()> what);
  void perform();
  void perform(const worker::Action& action);
  std::string faulty(std::string report);
  void plan(worker::ExecId exec, milliseconds wait);
  void go_on(worker::ExecId exec);
  void arm();

  Environment& env_;
  Network& network_;
  StartedSteps& started_;
  std::string name_;
  std::unique_ptr<worker::WorkerCore> core_;
  std::map<worker::ExecId, Run> runs_;
  std::uint64_t life_ = 0;
  MonoTime frozen_until_{};
  std::optional<MonoTime> armed_;
};

}  // namespace headrace::simulation
