// SPDX-License-Identifier: Apache-2.0
// A worker core, a fake server, a network and an executor under one virtual clock, all by a seed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "worker/core/core.hpp"
#include "worker/testing/fake_server.hpp"

namespace headrace::worker::testing {

/// What a simulated command does: things to print, each after a pause, then an end.
struct Script {
  struct Print {
    milliseconds after{0};
    char channel = 'o';
    std::string bytes;
  };
  std::vector<Print> prints;
  milliseconds then{0};   ///< pause before the end
  bool for_ever = false;  ///< ends only when killed
  Exit exit;
  std::optional<SpawnFailure> failure;
};

class World {
 public:
  explicit World(std::uint64_t seed = 1, CoreSettings settings = {});

  FakeServer server;
  std::unique_ptr<WorkerCore> core;
  /// Chooses what a command does; by default it succeeds at once.
  std::function<Script(const StartCommand&)> script;

  // Of the network, each way.
  double loss = 0, repeat = 0;
  milliseconds longest_delay{0};
  bool network_down = false;

  /// Runs until `done` holds. @return false when it does not within `limit` of virtual time
  bool run_until(const std::function<bool()>& done, milliseconds limit = milliseconds(600'000));
  void run_for(milliseconds time);

  /// Everything that was started, in order.
  std::vector<StartCommand> started;
  std::vector<KillCommand> killed;
  std::vector<std::string> notes;
  std::map<ExecId, std::string> wrote;  ///< stdout of every command as the core was given it
  int connects = 0;
  int connects_in_vain = 0;  // of these: after a socket without a welcome
  bool quit = false;
  std::map<std::string, int> sent;  ///< messages by name
  std::map<ExecId, bool> reading;
  MonoTime now{milliseconds(1'000'000)};

  void stop(const std::string& reason);
  /// The server's process is gone, and with it the connection.
  void disconnect();
  /// A message out of nowhere.
  void inject(const std::string& name, const std::string& body);
  int running() const { return static_cast<int>(runs_.size()); }

 private:
  struct Run {
    Script script;
    std::size_t next = 0;
    MonoTime at{};  // of the next print or the end
    bool killed = false;
    bool discard = false;
  };
  Now instant() const { return {now, from_ms(1'700'000'000'000 + to_ms(now.time_since_epoch()))}; }
  void perform();
  void deliver(std::multimap<MonoTime, FakeServer::Reply>& queue, FakeServer::Reply message);
  void step();
  MonoTime next_event() const;
  void end(ExecId exec);

  std::mt19937_64 random_;
  std::multimap<MonoTime, FakeServer::Reply> to_server_, to_worker_;
  std::map<ExecId, Run> runs_;
};

// Plans.
wire::StepPlan shell(const std::string& command, const std::string& name = "shell");
wire::BuildPlan plan(std::vector<wire::StepPlan> steps);

}  // namespace headrace::worker::testing
