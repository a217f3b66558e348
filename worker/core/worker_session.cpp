// SPDX-License-Identifier: Apache-2.0
#include "worker/core/worker_session.hpp"

#include <algorithm>

namespace headrace::worker {
namespace {
constexpr milliseconds kFirstHelloWait{1000};
constexpr milliseconds kLongestHelloWait{4000};
constexpr milliseconds kGreeting{3500};  // of a first socket: three hellos and some time for their answer
constexpr milliseconds kLongestGreeting{10'000};
constexpr milliseconds kFirstWait{200};
constexpr milliseconds kLongestWait{5000};
constexpr milliseconds kSuperseded{30'000};
constexpr std::size_t kRemembered = 64;  // messages whose answer may still come
}  // namespace

void WorkerSession::start(MonoTime now) {
  state_ = State::away;
  next_ = now;
}

void WorkerSession::go_away(MonoTime now) {
  state_ = State::away;
  auto wait = kFirstWait * (1 << std::min(failures_, 10));
  wait = std::min<milliseconds>(wait, kLongestWait);
  ++failures_;
  // Half to whole, so that a thousand workers do not come back in one instant.
  next_ = now + wait / 2 + random_up_to(wait / 2);
}

milliseconds WorkerSession::random_up_to(milliseconds most) {
  return milliseconds(std::uniform_int_distribution<std::int64_t>(0, most.count())(random_));
}

void WorkerSession::greet(MonoTime now) {
  state_ = State::greeting;
  hello_wait_ = kFirstHelloWait;
  // A server that is away costs little at first; one that is slow gets its time in the end.
  const auto greeting = kGreeting * (1 << std::clamp(failures_ - 1, 0, 4));
  give_up_ = now + std::min<milliseconds>(greeting, kLongestGreeting);
}

void WorkerSession::wait_for_answer(MonoTime now) {
  next_ = now + hello_wait_ * 4 / 5 + random_up_to(hello_wait_ * 2 / 5);
  hello_wait_ = std::min(hello_wait_ * 2, kLongestHelloWait);
}

WorkerSession::Due WorkerSession::on_timer(MonoTime now) {
  switch (state_) {
    case State::away:
      if (now < next_) return Due::nothing;
      greet(now);
      wait_for_answer(now);
      return Due::connect_and_hello;
    case State::greeting:
      if (now >= give_up_) {
        go_away(now);
        return Due::nothing;
      }
      if (now < next_) return Due::nothing;
      wait_for_answer(now);
      return Due::hello;
    case State::welcomed:
      if (now >= last_heard_ + heartbeat_ * 5 / 2) {
        session_ = {};
        go_away(now);
        return Due::nothing;
      }
      if (now < next_) return Due::nothing;
      next_ = now + heartbeat_;
      return Due::heartbeat;
  }
  return Due::nothing;
}

MonoTime WorkerSession::next_wake() const {
  switch (state_) {
    case State::away:
      return next_;
    case State::greeting:
      return std::min(next_, give_up_);
    case State::welcomed:
      return std::min(next_, last_heard_ + heartbeat_ * 5 / 2);
  }
  return next_;
}

std::int64_t WorkerSession::number(MonoTime now) {
  sent_.emplace_back(++last_number_, now);
  if (sent_.size() > kRemembered) sent_.pop_front();
  return last_number_;
}

void WorkerSession::count_lease_from(std::int64_t number) {
  while (!sent_.empty() && sent_.front().first <= number) {
    if (sent_.front().first == number) leased_ = std::max(leased_, sent_.front().second);
    sent_.pop_front();
  }
}

void WorkerSession::on_welcome(SessionId session, std::int64_t hello, milliseconds heartbeat,
                               milliseconds lease, MonoTime now) {
  state_ = State::welcomed;
  session_ = session;
  hello > 0 ? count_lease_from(hello) : void(leased_ = now);
  heartbeat_ = std::max(heartbeat, milliseconds(10));
  lease_ = lease;
  last_heard_ = now;
  next_ = now + heartbeat_;
  failures_ = 0;
}

void WorkerSession::on_heartbeat_reply(std::int64_t number, MonoTime now) {
  if (state_ != State::welcomed || number <= 0) return;
  last_heard_ = now;
  count_lease_from(number);
}

void WorkerSession::greet_again(MonoTime now) {
  session_ = {};
  if (state_ == State::away) return;
  greet(now);
  next_ = now;
}

void WorkerSession::on_disconnected(MonoTime now) {
  if (state_ != State::welcomed) return;
  session_ = {};
  go_away(now);
}

void WorkerSession::on_superseded(MonoTime now) {
  session_ = {};
  state_ = State::away;
  next_ = now + kSuperseded;
}

}  // namespace headrace::worker
