// SPDX-License-Identifier: Apache-2.0
#include "http/connection_limits.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <memory>

namespace headrace::http {
namespace {

// Half of the process's descriptors at most: files, pipes and Redis need some.
std::size_t places(const Shared& shared) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return shared.options.max_connections;
  return std::min<std::size_t>(shared.options.max_connections, std::max<rlim_t>(files.rlim_cur / 2, 1));
}

// Closes, of the connections of `remote` ("": of any address), the one that has been silent the longest. One
// that waits for its peer goes before a stream; one that is being answered stays.
bool close_one(Shared& shared, const std::string& remote) {
  Connection* chosen = nullptr;
  for (auto* c : shared.connections) {
    if (!remote.empty() && c->remote() != remote) continue;
    if (!c->waits_for_peer() && !c->streams()) continue;
    const bool better =
        !chosen || c->waits_for_peer() > chosen->waits_for_peer() ||
        (c->waits_for_peer() == chosen->waits_for_peer() && c->last_progress() < chosen->last_progress());
    if (better) chosen = c;
  }
  if (!chosen) return false;
  const auto held = chosen->weak_from_this().lock();  // close() may drop its last owner
  chosen->close();
  return true;
}

}  // namespace

bool make_room(Shared& shared, const std::string& remote) {
  const std::size_t all = places(shared);
  const std::size_t each = std::min(shared.options.max_connections_per_peer, all);
  // Counted only near the bound: an ordinary server never comes there.
  if (shared.connections.size() < each) return true;
  std::map<std::string, std::size_t> counts;
  for (const auto* c : shared.connections) ++counts[c->remote()];
  if (counts[remote] >= each) return close_one(shared, remote);
  if (shared.connections.size() < all) return true;
  const auto most = std::max_element(counts.begin(), counts.end(),
                                     [](const auto& x, const auto& y) { return x.second < y.second; });
  return close_one(shared, most->first) || close_one(shared, "");
}

void make_room_anywhere(Shared& shared) { close_one(shared, ""); }

void shed_the_largest(Shared& shared) {
  while (shared.held_bytes > shared.options.max_held_bytes) {
    std::size_t largest = 0;
    for (const auto* c : shared.connections) largest = std::max(largest, c->held_bytes());
    // Of the large ones the oldest goes: an attacker's stand still, an honest one moves on.
    Connection* chosen = nullptr;
    for (auto* c : shared.connections) {
      if (c->held_bytes() == 0 || c->held_bytes() < largest / 2) continue;
      if (!chosen || c->last_progress() < chosen->last_progress()) chosen = c;
    }
    if (!chosen) return;
    const auto held = chosen->weak_from_this().lock();
    const std::size_t before = shared.held_bytes;
    chosen->shed();
    if (shared.held_bytes >= before) return;
  }
}

}  // namespace headrace::http
