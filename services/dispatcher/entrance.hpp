// SPDX-License-Identifier: Apache-2.0
// What of a worker's messages is looked at: nothing that is larger than it may be, and hellos only so often.
// A hello goes into Redis, into the event log and to every subscriber, so one worker's hellos must not be all
// that a dispatcher does.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "clock/clock.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::dispatcher {

class Entrance {
 public:
  /// @param size  bytes of the message's body
  /// @return false for a message to be dropped; the worker repeats what matters
  bool admits(const std::string& worker, std::string_view name, std::size_t size, MonoTime now);

 private:
  struct Hellos {
    double left = 0;
    MonoTime at;
  };
  std::map<std::string, Hellos> hellos_;  ///< by worker: as many as there are allowed keys
};

/// What no worker without a fault says of itself; "" when there is nothing of it in the hello.
std::string fault_in(const wire::Hello& hello);

}  // namespace headrace::dispatcher
