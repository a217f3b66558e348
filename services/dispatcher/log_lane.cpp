// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/log_lane.hpp"

#include <memory>

namespace headrace::dispatcher {

void LogLane::connect(std::function<void()> up, std::function<void(std::string)> lost) {
  clear();
  client_.connect(std::move(up), [this, lost = std::move(lost)](std::string reason) {
    clear();
    lost(std::move(reason));
  });
}

void LogLane::append(store::Call call, std::function<void(store::Reply)> done) {
  pending_.emplace_back(std::move(call), std::move(done));
  flush();
}

void LogLane::read(std::vector<std::string> words, std::function<void(store::RedisReply)> done) {
  client_.command(std::move(words), [this, life = life_, done = std::move(done)](store::RedisReply r) {
    if (life == life_) done(std::move(r));
  });
}

void LogLane::clear() {
  ++life_;
  pending_.clear();
  in_flight_ = false;
}

void LogLane::flush() {
  if (in_flight_ || pending_.empty() || !client_.connected()) return;
  in_flight_ = true;
  auto batch = std::make_shared<decltype(pending_)>(std::move(pending_));
  pending_.clear();
  std::vector<store::Call> calls;
  for (auto& [call, done] : *batch) calls.push_back(std::move(call));
  client_.commit(std::move(calls), [this, batch, life = life_](std::vector<store::Reply> replies) {
    if (life != life_) return;
    in_flight_ = false;
    for (std::size_t i = 0; i < replies.size() && life == life_; ++i)
      if ((*batch)[i].second) (*batch)[i].second(std::move(replies[i]));
    if (life == life_) flush();
  });
}

}  // namespace headrace::dispatcher
