// SPDX-License-Identifier: Apache-2.0
#include "worker/core/worker_session.hpp"

#include <algorithm>

namespace headrace::worker {
namespace {
constexpr milliseconds kHelloEvery{1000};
constexpr milliseconds kGreeting{3500};  // three hellos and time for their answer
constexpr milliseconds kFirstWait{200};
constexpr milliseconds kLongestWait{5000};
constexpr milliseconds kSuperseded{30'000};
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
  wait = wait / 2 + milliseconds(std::uniform_int_distribution<std::int64_t>(0, wait.count() / 2)(random_));
  next_ = now + wait;
}

WorkerSession::Due WorkerSession::on_timer(MonoTime now) {
  switch (state_) {
    case State::away:
      if (now < next_) return Due::nothing;
      state_ = State::greeting;
      next_ = now + kHelloEvery;
      give_up_ = now + kGreeting;
      return Due::connect_and_hello;
    case State::greeting:
      if (now >= give_up_) {
        go_away(now);
        return Due::nothing;
      }
      if (now < next_) return Due::nothing;
      next_ = now + kHelloEvery;
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

void WorkerSession::on_welcome(SessionId session, milliseconds heartbeat, milliseconds lease, MonoTime now) {
  state_ = State::welcomed;
  session_ = session;
  heartbeat_ = std::max(heartbeat, milliseconds(10));
  lease_ = lease;
  last_heard_ = now;
  next_ = now + heartbeat_;
  failures_ = 0;
}

void WorkerSession::heard(MonoTime now) {
  if (state_ == State::welcomed) last_heard_ = now;
}

void WorkerSession::greet_again(MonoTime now) {
  session_ = {};
  if (state_ == State::away) return;
  state_ = State::greeting;
  next_ = now;
  give_up_ = now + kGreeting;
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
