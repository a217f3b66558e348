// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/workers.hpp"

#include <algorithm>

namespace headrace::dispatcher {

Link* Workers::find(const std::string& name) {
  const auto found = links_.find(name);
  return found == links_.end() ? nullptr : &found->second;
}

const Link* Workers::find(const std::string& name) const {
  const auto found = links_.find(name);
  return found == links_.end() ? nullptr : &found->second;
}

Link& Workers::add(const std::string& name, Link link) {
  auto& out = links_.insert_or_assign(name, std::move(link)).first->second;
  update(name);
  return out;
}

void Workers::erase(const std::string& name) {
  links_.erase(name);
  update(name);
}

void Workers::configure(const config::Site* site) {
  site_ = site;
  index_.clear();
  builds_.clear();
  free_.clear();
  places_.clear();
  if (!site_) return;
  for (std::size_t i = 0; i < site_->workers.size(); ++i) index_.emplace(site_->workers[i].name, i);
  for (const auto& builder : site_->builders) {
    auto& builds = builds_[builder.name];
    builds.resize(site_->workers.size());
    for (const auto& worker : builder.workers)
      if (const auto at = index_.find(worker); at != index_.end()) builds[at->second] = true;
  }
  for (const auto& [name, link] : links_) update(name);
}

std::optional<Workers::Free> Workers::place(const std::string& name) const {
  const auto* link = find(name);
  const auto at = index_.find(name);
  if (!link || at == index_.end() || !link->spoken || link->silent || link->free_slots <= 0)
    return std::nullopt;
  const int used = static_cast<int>(link->claims.size()) + link->reserved;
  const int free = site_->workers[at->second].slots - used;
  return free > 0 ? std::optional(Free{-free, at->second}) : std::nullopt;
}

void Workers::update(const std::string& name) {
  const auto now = place(name);
  if (const auto before = places_.find(name); before != places_.end()) {
    if (now && *now == before->second) return;
    free_.erase(before->second);
    places_.erase(before);
  }
  if (!now) return;
  free_.insert(*now);
  places_.emplace(name, *now);
}

void Workers::distrust(const std::string& name) {
  auto* link = find(name);
  if (!link || link->silent) return;
  link->silent = true;
  update(name);
}

void Workers::reserve(const std::string& name, const std::string& builder) {
  auto& link = links_.at(name);
  ++link.reserved;
  ++link.per_builder[builder];
  update(name);
}

void Workers::unreserve(const std::string& name, const std::string& builder) {
  auto* link = find(name);
  if (!link || link->reserved == 0) return;  // the worker has connected again since reserve()
  --link->reserved;
  auto& count = link->per_builder[builder];
  count = std::max(0, count - 1);
  update(name);
}

void Workers::add_claim(const std::string& name, RequestId request, const std::string& builder) {
  auto& link = links_.at(name);
  link.claims.insert(request);
  ++link.per_builder[builder];
  update(name);
}

void Workers::remove_claim(const std::string& name, RequestId request, const std::string& builder) {
  auto* link = find(name);
  if (!link || !link->claims.erase(request)) return;
  auto& count = link->per_builder[builder];
  count = std::max(0, count - 1);
  update(name);
}

bool Workers::could_take(const Link& link, const config::Builder& builder, MonoTime now) const {
  if (link.not_before > now) return false;
  const auto same = link.per_builder.find(builder.name);
  return same == link.per_builder.end() || same->second < builder.max_builds_per_worker;
}

std::vector<std::string> Workers::free_for(const config::Builder& builder, MonoTime now,
                                           std::size_t limit) const {
  std::vector<std::string> out;
  const auto builds = builds_.find(builder.name);
  if (builds == builds_.end()) return out;
  const auto take = [&](const Free& free) {
    const auto& name = site_->workers[free.index].name;
    if (could_take(links_.at(name), builder, now)) out.push_back(name);
  };
  if (free_.size() <= builder.workers.size()) {
    for (auto it = free_.begin(); it != free_.end() && out.size() < limit; ++it)
      if (builds->second[it->index]) take(*it);
    return out;
  }
  // The builder has fewer workers than are free, so the search goes through the builder's own workers.
  std::vector<Free> own;
  for (const auto& name : builder.workers)
    if (const auto at = places_.find(name); at != places_.end()) own.push_back(at->second);
  std::sort(own.begin(), own.end());
  for (auto it = own.begin(); it != own.end() && out.size() < limit; ++it) take(*it);
  return out;
}

}  // namespace headrace::dispatcher
