// SPDX-License-Identifier: Apache-2.0
#include "simulation/network.hpp"

#include "wire/worker_protocol.hpp"

namespace headrace::simulation {
namespace {

constexpr std::int64_t kHeldBackMs = 20'000;

}  // namespace

MonoTime Network::arrival(const std::string& worker, std::size_t dispatcher, MonoTime after) {
  const auto wall = partitions_[{worker, dispatcher}];
  return std::max({after, wall, env_.timeline.now() + env_.dice.wait(0, env_.rates.slowest_ms)});
}

void Network::connect(const std::string& worker) {
  // Each connection has its peer, so that what is under way to or from an older one finds nobody.
  connections_[worker] = {env_.dice.index(dispatchers_), env_.dice.hex(10), {}, {}};
}

void Network::close(const std::string& worker) { connections_.erase(worker); }

void Network::send_up(const std::string& worker, const std::string& name, std::string body) {
  const auto found = connections_.find(worker);
  if (found == connections_.end() || env_.misfortune(env_.rates.message_drop)) return;
  auto& c = found->second;
  const auto copy = name == wire::Hello::kName ? body : std::string();
  c.last_up = arrival(worker, c.dispatcher, c.last_up);
  env_.timeline.at(c.last_up,
                   [this, worker, peer = c.peer, dispatcher = c.dispatcher, name, body = std::move(body)] {
                     const auto now = connections_.find(worker);
                     if (now != connections_.end() && now->second.peer == peer)
                       return to_dispatcher(dispatcher, peer, worker, name, body);
                     if (!env_.misfortune(env_.rates.held_back)) return;
                     env_.timeline.after(env_.dice.wait(0, kHeldBackMs),
                                         [=, this] { to_dispatcher(dispatcher, peer, worker, name, body); });
                   });
  // The same hello once more, as if on a connection that nobody remembers.
  if (name != wire::Hello::kName || !env_.misfortune(env_.rates.held_back)) return;
  env_.timeline.after(env_.dice.wait(0, kHeldBackMs),
                      [=, this, again = env_.dice.hex(10), to = env_.dice.index(dispatchers_)] {
                        to_dispatcher(to, again, worker, name, copy);
                      });
}

void Network::send_down(std::size_t dispatcher, const std::string& peer, const std::string& name,
                        std::string body) {
  for (auto& [worker, c] : connections_) {
    if (c.peer != peer || c.dispatcher != dispatcher) continue;
    if (env_.misfortune(env_.rates.message_drop)) return;
    c.last_down = arrival(worker, dispatcher, c.last_down);
    env_.timeline.at(c.last_down, [this, to = worker, peer, name, body = std::move(body)] {
      const auto now = connections_.find(to);
      if (now != connections_.end() && now->second.peer == peer) to_worker(to, name, body);
    });
    return;
  }
}

void Network::break_connection(const std::string& worker) {
  const auto found = connections_.find(worker);
  if (found == connections_.end()) return;
  auto& c = found->second;
  c.peer = env_.dice.hex(10);
  c.last_up = c.last_down = env_.timeline.now() + env_.dice.wait(0, 300);
  if (env_.dice.index(2) == 0) return;
  env_.timeline.after(env_.dice.wait(0, 50), [this, worker, peer = c.peer] {
    const auto now = connections_.find(worker);
    if (now != connections_.end() && now->second.peer == peer) disconnected(worker);
  });
}

void Network::break_all_of(std::size_t dispatcher) {
  for (auto& [worker, c] : connections_)
    if (c.dispatcher == dispatcher) break_connection(worker);
}

void Network::partition(const std::string& worker, std::size_t dispatcher, milliseconds time) {
  partitions_[{worker, dispatcher}] = env_.timeline.now() + time;
}

}  // namespace headrace::simulation
