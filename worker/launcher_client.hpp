// SPDX-License-Identifier: Apache-2.0
// The worker's side of the launcher: starts it, sends it commands, reads their output from pipes.
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

namespace headrace::worker {

struct LauncherOptions {
  std::string program;         ///< path of headrace-launcher
  milliseconds lease{30'000};  ///< silence of the worker after which commands are killed
  std::string marker;          ///< of the base directory
  mode_t umask = 022;          ///< of what commands make
};

class LauncherClient {
 public:
  struct Events {
    std::function<void(ExecId, char channel, std::string_view)> output;
    std::function<void(ExecId, const Exit&)> exit;
    std::function<void(ExecId, const SpawnFailure&)> spawn_failed;
    std::function<void()> lost;  ///< the launcher is gone: end with an error, somebody starts us anew
  };

  /// Starts the launcher; call before any thread exists. Throws std::runtime_error when it cannot.
  LauncherClient(boost::asio::io_context& io, const LauncherOptions& options, Events events);
  /// The launcher kills what still runs and ends; waits for it, at most 2 s.
  ~LauncherClient();

  void start(const StartCommand& command);
  void kill(const KillCommand& command);
  void discard(ExecId exec);
  void set_reading(ExecId exec, bool on);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace headrace::worker
