// SPDX-License-Identifier: Apache-2.0
#include "simulation/redis_line.hpp"

#include <algorithm>

#include "store/state/events.hpp"

namespace headrace::simulation {

std::vector<store::Reply> SimulatedStore::commit(const std::vector<store::Call>& calls) {
  set_clock();
  auto replies = redis_.commit(calls);
  bool any = false;
  for (const auto& reply : replies)
    for (const auto& event : reply.events) newest_ = event.number, any = true;
  if (any) found_.clear();
  if (any)
    for (auto& wake : std::exchange(waiting_, {})) timeline_.at(timeline_.now(), std::move(wake));
  return replies;
}

void SimulatedStore::go_back(const store::testing::Copy& copy) {
  store::testing::restore(redis_.raw(), copy);
  redis_.forget_clock();
  newest_ = read(store::head()).number;
  found_.clear();
}

std::vector<wire::Event> SimulatedStore::events_after(EventNumber after, std::size_t limit) {
  const auto known = found_.find(after.value);
  if (known != found_.end()) return known->second;
  return found_[after.value] = read(store::events_after(after, limit));
}

void RedisLine::commit(std::vector<store::Call> calls, std::function<void(std::vector<store::Reply>)> done) {
  Request r;
  r.calls = std::move(calls);
  r.committed = std::move(done);
  send(std::move(r));
}

void RedisLine::read(store::Round round) {
  Request r;
  r.round = std::move(round);
  send(std::move(r));
}

void RedisLine::follow(EventNumber after, std::size_t limit, milliseconds block,
                       std::function<void(std::vector<wire::Event>)> done) {
  Request r;
  r.follow = Follow{after, limit, block, std::move(done), {}};
  send(std::move(r));
}

void RedisLine::send(Request request) {
  if (!open_) return;
  sent_.push_back(std::move(request));
  last_executed_ = std::max(last_executed_, env_.timeline.now() + env_.dice.wait(0, env_.rates.redis_ms));
  env_.timeline.at(last_executed_, life_.guard([this] {
    if (++due_ == 1) execute();
  }));
}

// Executes what has arrived, in order, until there is nothing more or a blocking read blocks.
void RedisLine::execute() {
  const auto mark = life_.mark();
  while (due_ > 0) {
    if (sent_.front().follow && blocks(*sent_.front().follow)) return;
    if (!sent_.front().calls.empty() && env_.misfortune(env_.rates.call_lost)) return lose();
    const Request request = std::move(sent_.front());
    sent_.pop_front();
    --due_;
    if (!request.calls.empty()) {
      auto replies = env_.store.commit(request.calls);
      if (env_.misfortune(env_.rates.answer_lost)) return lose();
      if (env_.misfortune(env_.rates.crash_after_commit)) return crash_();
      answer([done = request.committed, replies = std::move(replies)] { done(replies); });
    } else if (request.follow) {
      const auto& follow = *request.follow;
      std::vector<wire::Event> events;
      if (env_.store.newest() > follow.after) events = env_.store.events_after(follow.after, follow.limit);
      answer([done = follow.done, events = std::move(events)] { done(events); });
    } else {
      answer([this, round = *request.round, answers = env_.store.execute(*request.round)] {
        if (auto next = store::take_answers(round, answers)) read(std::move(*next));
      });
    }
    if (!mark.current()) return;
  }
}

bool RedisLine::blocks(Follow& follow) {
  if (env_.store.newest() > follow.after) return false;
  const auto now = env_.timeline.now();
  if (follow.until && now >= *follow.until) return false;
  if (!follow.until) {
    follow.until = now + follow.block;
    env_.timeline.at(*follow.until, wait_.guard([this] {
      wait_.renew();
      execute();
    }));
  }
  env_.store.wait_for_event(wait_.guard([this] {
    wait_.renew();
    execute();
  }));
  return true;
}

void RedisLine::answer(std::function<void()> what) {
  last_answered_ = std::max(last_answered_, env_.timeline.now() + env_.dice.wait(0, env_.rates.redis_ms));
  env_.timeline.at(last_answered_, life_.guard(std::move(what)));
}

void RedisLine::cut() {
  life_.renew();
  wait_.renew();
  open_ = false;
  due_ = 0;
  // The server may still read what is on the wire, up to any byte of it.
  auto left = sent_.empty() ? 0 : env_.dice.between(0, static_cast<std::int64_t>(sent_.size()));
  const auto sent = std::exchange(sent_, {});
  for (const auto& request : sent) {
    if (left-- > 0) {
      if (!request.calls.empty()) env_.store.commit(request.calls);
      continue;
    }
    auto part = request.calls;
    part.resize(part.empty() ? 0 : env_.dice.index(part.size()));
    if (!part.empty()) env_.store.commit(part);
    break;
  }
}

void RedisLine::lose() {
  ++env_.lost_connections;
  cut();
  lost_();
}

}  // namespace headrace::simulation
