// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/log_lane.hpp"

namespace headrace::dispatcher {

void LogLane::connect(std::function<void()> up, std::function<void(std::string)> lost) {
  clear();
  client_.connect(std::move(up), [this, lost = std::move(lost)](std::string reason) {
    clear();
    lost(std::move(reason));
  });
}

void LogLane::append(store::Call call, std::function<void(store::Reply)> done) {
  batch_.add(std::move(call), std::move(done));
  flush();
}

void LogLane::read(std::vector<std::string> words, std::function<void(store::RedisReply)> done) {
  client_.command(std::move(words), generation_.guard(std::move(done)));
}

void LogLane::clear() {
  generation_.renew();
  batch_.clear();
}

void LogLane::flush() {
  if (!client_.connected()) return;
  auto calls = batch_.begin();
  if (calls.empty()) return;
  client_.commit(std::move(calls), generation_.guard([this](std::vector<store::Reply> replies) {
    const auto mark = generation_.mark();
    batch_.answer(std::move(replies));
    if (mark.current()) flush();
  }));
}

}  // namespace headrace::dispatcher
