// SPDX-License-Identifier: Apache-2.0
#include "store/batch.hpp"

namespace headrace::store {

std::vector<Call> Batch::begin() {
  std::vector<Call> calls;
  if (in_flight_ || waiting_.empty()) return calls;
  in_flight_ = true;
  calls.reserve(waiting_.size());
  asked_.reserve(waiting_.size());
  for (auto& item : waiting_) {
    calls.push_back(std::move(item.call));
    asked_.push_back(std::move(item.done));
  }
  waiting_.clear();
  return calls;
}

std::vector<Batch::Answer> Batch::end(std::vector<Reply> replies) {
  in_flight_ = false;
  std::vector<Answer> out;
  out.reserve(replies.size());
  for (std::size_t i = 0; i < replies.size() && i < asked_.size(); ++i)
    out.push_back({std::move(asked_[i]), std::move(replies[i])});
  asked_.clear();
  return out;
}

void Batch::answer(std::vector<Reply> replies) {
  const auto mark = generation_.mark();
  for (auto& [done, reply] : end(std::move(replies))) {
    if (done) done(std::move(reply));
    if (!mark.current()) return;
  }
}

void Batch::clear() {
  generation_.renew();
  waiting_.clear();
  asked_.clear();
  in_flight_ = false;
}

}  // namespace headrace::store
