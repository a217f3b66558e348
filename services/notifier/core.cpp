// SPDX-License-Identifier: Apache-2.0
#include "notifier/core.hpp"

#include <cassert>

#include "notifier/report_filter.hpp"

namespace headrace::notifier {

bool Core::wants(EventNumber event, const BuildReport& report) const {
  return event > reached_.number && notifier::wants(reporter_, report);
}

void Core::on(const events::Cursor& at, std::optional<Message> message) {
  if (at.number <= reached_.number) return;
  reached_ = at;
  if (message) waiting_.emplace_back(at, std::move(*message));
}

std::optional<Batch> Core::next(MonoTime now) {
  if (in_flight_ || reached_.number == stored_.number) return std::nullopt;
  if (waiting_.empty() && now - moved_ < kLazy) return std::nullopt;
  Batch batch{stored_.number, reached_, {}};
  while (!waiting_.empty() && batch.messages.size() < kMaxInBatch) {
    batch.to = waiting_.front().first;
    batch.messages.push_back(std::move(waiting_.front().second));
    waiting_.pop_front();
  }
  if (waiting_.empty()) batch.to = reached_;
  in_flight_ = batch.to;
  return batch;
}

void Core::stored(MonoTime now) {
  assert(in_flight_);
  stored_ = *std::exchange(in_flight_, std::nullopt);
  moved_ = now;
}

}  // namespace headrace::notifier
