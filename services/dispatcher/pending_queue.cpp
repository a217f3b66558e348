// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/pending_queue.hpp"

namespace headrace::dispatcher {

void PendingQueue::add(OpenRequest request, bool pending) {
  const auto id = request.id;
  take(id);
  open_.insert_or_assign(id, std::move(request));
  if (pending) make_pending(id);
}

void PendingQueue::make_pending(RequestId id) {
  const auto it = open_.find(id);
  if (it == open_.end()) return;
  if (pending_[it->second.builder].insert({-it->second.priority, id}).second) ++pending_count_;
}

void PendingQueue::take(RequestId id) {
  delayed_.erase(id);
  const auto it = open_.find(id);
  if (it == open_.end()) return;
  const auto queue = pending_.find(it->second.builder);
  if (queue == pending_.end() || !queue->second.erase({-it->second.priority, id})) return;
  --pending_count_;
  if (queue->second.empty()) pending_.erase(queue);
}

void PendingQueue::remove(RequestId id) {
  take(id);
  open_.erase(id);
}

void PendingQueue::delay(RequestId id, MonoTime until) { delayed_[id] = until; }

const OpenRequest* PendingQueue::find(RequestId id) const {
  const auto it = open_.find(id);
  return it == open_.end() ? nullptr : &it->second;
}

bool PendingQueue::is_pending(RequestId id) const {
  const auto* r = find(id);
  if (!r) return false;
  const auto queue = pending_.find(r->builder);
  return queue != pending_.end() && queue->second.contains({-r->priority, id});
}

std::vector<PendingQueue::Head> PendingQueue::heads(MonoTime now) const {
  std::vector<Head> out;
  out.reserve(pending_.size());
  for (const auto& [builder, queue] : pending_)
    if (auto head = head_of(builder, now)) out.push_back(std::move(*head));
  return out;
}

std::optional<PendingQueue::Head> PendingQueue::head_of(const std::string& builder, MonoTime now) const {
  const auto id = next_of_builder(builder, now);
  if (!id) return std::nullopt;
  const auto& request = open_.at(*id);
  return Head{-request.priority, request.submitted_ms, builder, *id};
}

std::optional<RequestId> PendingQueue::next_of_builder(const std::string& builder, MonoTime now) const {
  const auto queue = pending_.find(builder);
  if (queue == pending_.end()) return std::nullopt;
  for (const auto& place : queue->second) {
    const auto delayed = delayed_.find(place.id);
    if (delayed == delayed_.end() || delayed->second <= now) return place.id;
  }
  return std::nullopt;
}

void PendingQueue::drop_expired_delays(MonoTime now) {
  std::erase_if(delayed_, [&](const auto& delay) { return delay.second <= now; });
}

std::optional<MonoTime> PendingQueue::next_delay() const {
  std::optional<MonoTime> out;
  for (const auto& [id, until] : delayed_)
    if (!out || until < *out) out = until;
  return out;
}

}  // namespace headrace::dispatcher
