// SPDX-License-Identifier: Apache-2.0
// The worker's side of the launchers: starts them, gives each one command at a time, reads output from pipes.
//
// A launcher runs one command at a time, so whatever is left below it belongs to that command, whatever it
// did to its session, environment and directory. There are as many as commands ever ran at once; they stay.
// A launcher that somebody kills takes its command with it: what it leaves becomes this process's (a child
// subreaper) and is killed here; the others go on.
//
// Owns no decision. Output comes in large portions; a command that is paused is not read, so it waits in
// its write. An exit is told after the last output.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "worker/core/actions.hpp"
#include "worker/platform/isolation.hpp"

namespace headrace::worker {

struct LauncherOptions {
  std::string program;         ///< path of headrace-launcher
  milliseconds lease{30'000};  ///< silence of the worker after which commands are killed, at most
  std::string marker;          ///< of the base directory
  platform::House house;
  mode_t umask = 022;  ///< of what commands make
};

class LauncherClient {
 public:
  struct Events {
    std::function<void(ExecId, char channel, std::string_view)> output;
    std::function<void(ExecId, const Exit&)> exit;
    std::function<void(ExecId, const SpawnFailure&)> spawn_failed;
    std::function<void()>
        lost;  ///< a launcher was killed; the exit of its command, a lost one, comes after it
  };

  /// Starts the first launcher. Throws std::runtime_error when it cannot. Kills what an earlier life of this
  /// worker has left.
  LauncherClient(boost::asio::io_context& io, const LauncherOptions& options, Events events);
  /// The launchers kill what still runs and end; waits for them, at most 2 s.
  ~LauncherClient();

  void start(const StartCommand& command);
  void kill(const KillCommand& command);
  void discard(ExecId exec);
  void set_reading(ExecId exec, bool on);
  /// Processes that an earlier life of this worker had left.
  int swept() const;
  /// Commands are killed when this process is silent from now until then.
  void lease_until(MonoTime end);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace headrace::worker
