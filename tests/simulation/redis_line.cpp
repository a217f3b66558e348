// SPDX-License-Identifier: Apache-2.0
#include "simulation/redis_line.hpp"

#include <algorithm>

namespace headrace::simulation {

void SimulatedStore::set_clock() {
  if (clock_ == timeline_.wall_ms()) return;
  clock_ = timeline_.wall_ms();
  client_.command({"SET", client_.keys()("clock"), std::to_string(clock_)});
}

store::RedisReply SimulatedStore::command(const std::vector<std::string>& words) {
  auto reply = client_.command(words);
  if (words.front() == "SMEMBERS")
    std::sort(reply.items.begin(), reply.items.end(),
              [](const auto& a, const auto& b) { return a.text < b.text; });
  return reply;
}

void RedisLine::commit(std::vector<store::Call> calls, std::function<void(std::vector<store::Reply>)> done) {
  send({std::move(calls), {}, std::move(done), {}});
}

void RedisLine::read(std::vector<std::string> words, std::function<void(store::RedisReply)> done) {
  send({{}, std::move(words), {}, std::move(done)});
}

void RedisLine::send(Request request) {
  if (!open_) return;
  sent_.push_back(std::move(request));
  last_executed_ = std::max(last_executed_, env_.timeline.now() + env_.dice.wait(0, 2));
  env_.timeline.at(last_executed_, [this, life = life_] {
    if (life == life_) execute();
  });
}

void RedisLine::execute() {
  if (!sent_.front().calls.empty() && env_.misfortune(env_.rates.call_lost)) return lose();
  const Request request = std::move(sent_.front());
  sent_.pop_front();
  std::function<void()> answer;
  if (request.calls.empty()) {
    answer = [done = request.answered, reply = env_.store.command(request.words)] { done(reply); };
  } else {
    answer = [done = request.committed, replies = env_.store.commit(request.calls)] { done(replies); };
    if (env_.misfortune(env_.rates.answer_lost)) return lose();
    if (env_.misfortune(env_.rates.crash_after_commit)) return crash_();
  }
  last_answered_ = std::max(last_answered_, env_.timeline.now() + env_.dice.wait(0, 2));
  env_.timeline.at(last_answered_, [this, life = life_, answer = std::move(answer)] {
    if (life == life_) answer();
  });
}

void RedisLine::cut() {
  ++life_;
  open_ = false;
  // The server may still read what is on the wire, up to any byte of it.
  auto left = sent_.empty() ? 0 : env_.dice.between(0, static_cast<std::int64_t>(sent_.size()));
  for (const auto& request : sent_) {
    if (left-- > 0) {
      if (!request.calls.empty()) env_.store.commit(request.calls);
      continue;
    }
    auto part = request.calls;
    part.resize(part.empty() ? 0 : env_.dice.index(part.size()));
    if (!part.empty()) env_.store.commit(part);
    break;
  }
  sent_.clear();
}

void RedisLine::lose() {
  ++env_.lost_connections;
  cut();
  lost_();
}

}  // namespace headrace::simulation
