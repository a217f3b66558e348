// SPDX-License-Identifier: Apache-2.0
// Times of the system: wall-clock instants in milliseconds since the epoch, and monotonic ones for
// waits. Cores never read a clock; whoever calls them passes the time in.
#pragma once

#include <chrono>
#include <cstdint>

namespace headrace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using namespace std::chrono_literals;

/// An instant of the wall clock, milliseconds since 1970-01-01 UTC.
using WallTime = std::chrono::time_point<std::chrono::system_clock, milliseconds>;
/// An instant of a clock that never goes back; only differences mean anything. In microseconds: cut to
/// milliseconds, a delay of 2 ms would last 1.5 on average.
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::microseconds>;

inline WallTime wall_now() {
  return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
}
inline MonoTime mono_now() {
  return std::chrono::time_point_cast<MonoTime::duration>(std::chrono::steady_clock::now());
}
inline std::int64_t to_ms(WallTime t) { return t.time_since_epoch().count(); }
inline std::int64_t to_ms(MonoTime::duration d) {
  return std::chrono::duration_cast<milliseconds>(d).count();
}
inline WallTime from_ms(std::int64_t ms) { return WallTime{milliseconds{ms}}; }

}  // namespace headrace
