// SPDX-License-Identifier: Apache-2.0
// Virtual time and chance: every wait of the simulation is an entry here, every decision a throw of one
// generator, so a seed tells the whole story again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "clock/clock.hpp"

namespace headrace::simulation {

class Timeline {
 public:
  MonoTime now() const { return now_; }
  std::int64_t wall_ms() const { return kEpochMs + to_ms(now_.time_since_epoch()); }

  void at(MonoTime when, std::function<void()> what) {
    entries_.emplace(std::max(when, now_), std::move(what));
  }
  void after(milliseconds wait, std::function<void()> what) { at(now_ + wait, std::move(what)); }

  /// Everything up to `end`, in order of time, then of entry.
  void run_until(MonoTime end) {
    while (!entries_.empty() && entries_.begin()->first <= end) {
      auto next = entries_.extract(entries_.begin());
      now_ = next.key();
      next.mapped()();
    }
    now_ = end;
  }

 private:
  static constexpr std::int64_t kEpochMs = 1'700'000'000'000;
  MonoTime now_{seconds(1000)};
  std::multimap<MonoTime, std::function<void()>> entries_;
};

/// SplitMix64 (Steele, Lea and Flood, 2014): a new one costs nothing, and every step of a build has its own.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 2654435761u + 12345) {}

  /// True with probability `p`.
  bool chance(double p) { return p > 0 && static_cast<double>(random() >> 11) * 0x1.0p-53 < p; }
  /// Both ends included.
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most - least + 1));
  }
  milliseconds wait(std::int64_t least_ms, std::int64_t most_ms) {
    return milliseconds(between(least_ms, most_ms));
  }
  std::size_t index(std::size_t size) { return static_cast<std::size_t>(random() % size); }
  std::string hex(std::size_t digits) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    while (out.size() < digits) out += kDigits[random() % 16];
    return out;
  }

 private:
  std::uint64_t random() {
    auto z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace headrace::simulation
