// SPDX-License-Identifier: Apache-2.0
// What the core says to the dispatchers and what it makes of their words. Fields: docs/protocol.md.
#include "wire/codec.hpp"
#include "worker/core/core.hpp"
#include "worker/core/isolation.hpp"

namespace headrace::worker {
namespace {
constexpr milliseconds kRewindAtMost{200};  // one answer of many in flight is enough to go back once

/// A directory below the base directory, and not above it.
bool is_plain_directory(const std::string& d) {
  return !d.empty() && d[0] != '/' && d != ".." && !d.starts_with("../") &&
         d.find("/../") == std::string::npos && !d.ends_with("/..") && d.find('\0') == std::string::npos;
}

}  // namespace

template <class M>
void WorkerCore::send(const M& message) {
  actions_.push_back(Send{M::kName, wire::encode(message)});
}
template void WorkerCore::send(const wire::Goodbye&);
template void WorkerCore::send(const wire::Report&);
template void WorkerCore::send(const wire::Question&);

void WorkerCore::send_hello(Now now) {
  wire::Hello m;
  m.instance = settings_.instance;
  m.number = session_.number(now.mono);
  m.replaces = settings_.replaces;
  m.info = settings_.info;
  for (const auto& [claim, held] : held_) m.held.push_back(claim);
  send(m);
}

void WorkerCore::send_heartbeat(Now now, std::int64_t probe) {
  wire::Heartbeat m;
  m.session = session_.session();
  m.number = session_.number(now.mono);
  m.probe = probe;
  m.free_slots = free_slots();
  announced_slots_ = m.free_slots;
  for (const auto& [claim, held] : held_) m.held.push_back(claim);
  send(m);
}

void WorkerCore::send_ready() {
  const int slots = free_slots();
  if (!session_.welcomed() || slots == announced_slots_ || stop_by_) return;
  announced_slots_ = slots;
  wire::Ready m;
  m.session = session_.session();
  m.free_slots = slots;
  send(m);
}

void WorkerCore::send_accept(HeldBuild& held, Now now) {
  held.asked = now.mono;
  wire::Accept m;
  m.session = session_.session();
  m.claim = held.claim;
  send(m);
}

void WorkerCore::refuse(const wire::Claim& claim, const std::string& reason) {
  note(Note::Level::warn,
       "offer refused request=" + std::to_string(claim.request.value) + " reason=\"" + reason + "\"");
  wire::Refuse m;
  m.session = session_.session();
  m.claim = claim;
  m.reason = reason;
  send(m);
}

void WorkerCore::on_message(std::string_view name, std::string_view body, Now now) {
  const auto take = [&]<class M>(void (WorkerCore::*handler)(const M&, Now)) {
    auto message = wire::decode<M>(body);
    if (!message) {
      note(Note::Level::warn,
           "message refused name=" + std::string(name) + " reason=\"" + message.error().text + "\"");
      return;
    }
    (this->*handler)(*message, now);
  };
  if (quit_) return;
  if (name == wire::Reported::kName) {
    take(&WorkerCore::on_reported);
  } else if (name == wire::Offer::kName) {
    take(&WorkerCore::on_offer);
  } else if (name == wire::Accepted::kName) {
    take(&WorkerCore::on_accepted);
  } else if (name == wire::HeartbeatReply::kName) {
    take(&WorkerCore::on_heartbeat_reply);
  } else if (name == wire::Answer::kName) {
    take(&WorkerCore::on_answer);
  } else if (name == wire::Welcome::kName) {
    take(&WorkerCore::on_welcome);
  } else if (name == wire::Rehello::kName) {
    take(&WorkerCore::on_rehello);
  } else if (name == wire::Probe::kName) {
    take(&WorkerCore::on_probe);
  } else if (name == wire::Fenced::kName) {
    auto m = wire::decode<wire::Fenced>(body);
    if (m) {
      forget(m->claim, "fenced: " + m->reason);
      start_waiting(now);
    }
  } else {
    note(Note::Level::warn, "unknown message ignored name=" + std::string(name.substr(0, 40)));
  }
  after_input(now);
}

void WorkerCore::on_welcome(const wire::Welcome& m, Now now) {
  // A late welcome of another life, or the answer to a hello before the last that was answered. Numbers of
  // sessions do not order them: Redis may have gone back.
  const bool late = m.hello > 0 ? m.hello <= last_welcomed_ : m.session <= newest_session_;
  if (m.instance != settings_.instance || late || stop_by_) return;
  last_welcomed_ = m.hello;
  newest_session_ = m.session;
  unanswered_ = false;
  session_.on_welcome(m.session, m.hello, milliseconds(m.heartbeat_ms), milliseconds(m.lease_ms), now.mono);
  name_ = m.name;
  slots_ = m.slots;
  settings_.machine.facts["name"] = m.name;
  announced_slots_ = -1;
  note(Note::Level::info, "welcomed name=" + name_ + " session=" + std::to_string(m.session.value) +
                              " slots=" + std::to_string(slots_) + " held=" + std::to_string(held_.size()));
  if (slots_ == 0)
    note(Note::Level::warn,
         "the configuration does not know this worker, or gives it no slots name=" + name_);

  say_again();
  bool incomplete = false;
  for (const auto& state : m.held) {
    HeldBuild* held = find(state.claim);
    if (!held) continue;
    if (!state.keep) {
      forget(state.claim, "fenced: " + state.reason);
      continue;
    }
    if (!state.running) {
      if (held->stage == Stage::offered) send_accept(*held, now);
      continue;
    }
    if (held->stage == Stage::offered) {
      held->stage = Stage::accepted;
      held->id = state.build;
      held->number = state.number;
    }
    if (!held->build->outbox().on_held(state.acked, state.logs)) {
      // The server went back behind what it had acknowledged: this build can never be complete again.
      note(Note::Level::warn, "the server lost progress that it had, the build is given up build=" +
                                  std::to_string(state.build.value));
      forget(state.claim, "the server lost its progress");
      incomplete = true;
      continue;
    }
    if (state.cancel) {
      held->build->cancel(state.reason, now);
      track(*held);
    }
  }
  start_waiting(now);
  if (incomplete) {
    session_.greet_again(now.mono);  // without these builds
    on_timer(now);
  }
}

// What was under way on the old socket may be lost.
void WorkerCore::say_again() {
  for (auto& [claim, held] : held_) {
    held.build->outbox().rewind();
    held.patience = milliseconds(1000);
    held.asked = {};
    for (auto& q : held.build->questions()) q.sent.reset();
  }
}

void WorkerCore::on_rehello(const wire::Rehello& m, Now now) {
  const bool refused = !session_.welcomed() && m.superseded && !m.session;  // another version of the protocol
  if (!refused && (!session_.welcomed() || m.session != session_.session())) return;
  if (m.superseded) {
    note(Note::Level::warn, "the server sends this worker away, waiting 30 s reason=\"" + m.reason + "\"");
    forget_all("superseded");
    session_.on_superseded(now.mono);
    return;
  }
  note(Note::Level::info, "asked to say hello again session=" + std::to_string(m.session.value) +
                              " reason=\"" + m.reason + "\"");
  session_.greet_again(now.mono);
  on_timer(now);
}

void WorkerCore::on_offer(const wire::Offer& m, Now now) {
  if (!session_.welcomed() || m.session != session_.session()) return;
  if (HeldBuild* held = find(m.claim)) {
    if (held->stage == Stage::offered) send_accept(*held, now);
    return;
  }
  if (announced_slots_ > 0) --announced_slots_;  // the server counts it as taken
  if (stop_by_) return refuse(m.claim, "the worker stops");
  if (free_slots() == 0) return refuse(m.claim, "no free slot");
  auto plan = wire::decode<wire::BuildPlan>(m.plan);
  if (!plan) return refuse(m.claim, "plan: " + plan.error().text);
  if (!is_plain_directory(plan->directory))
    return refuse(m.claim, "the build's directory is '" + plan->directory + "'");
  if (const auto obstacle = settle_isolation(plan->isolation, settings_.machine); !obstacle.empty())
    return refuse(m.claim, obstacle);
  HeldBuild held;
  held.claim = m.claim;
  held.build = std::make_unique<BuildRun>(settings_.machine, actions_, last_exec_, std::move(*plan));
  HeldBuild& kept = held_.emplace(m.claim, std::move(held)).first->second;
  send_accept(kept, now);
}

void WorkerCore::on_accepted(const wire::Accepted& m, Now now) {
  HeldBuild* held = find(m.claim);
  if (!held || held->stage != Stage::offered) return;
  held->stage = Stage::accepted;
  held->id = m.build;
  held->number = m.number;
  note(Note::Level::info, "build accepted build=" + std::to_string(m.build.value) +
                              " request=" + std::to_string(m.claim.request.value));
  start_waiting(now);
}

void WorkerCore::on_reported(const wire::Reported& m, Now now) {
  HeldBuild* held = find(m.claim);
  if (!held || held->stage != Stage::running) return;
  ProgressOutbox& outbox = held->build->outbox();
  switch (outbox.on_reported(m.sequence, m.logs)) {
    case ProgressOutbox::Acknowledged::progress:
      held->last_progress = now.mono;
      held->patience = milliseconds(1000);
      break;
    case ProgressOutbox::Acknowledged::missing:
      if (!held->last_rewind || now.mono >= *held->last_rewind + kRewindAtMost) {
        held->last_rewind = now.mono;
        outbox.rewind();
      }
      break;
    case ProgressOutbox::Acknowledged::nothing_new:
      break;
  }
  if (!m.finished && !outbox.complete()) return;
  if (!held->build->ended()) {
    // The server ended it (a cancel that could not wait): nothing of it is wanted any more.
    forget(m.claim, "the server ended the build");
    return;
  }
  ++counts_.builds_finished;
  note(Note::Level::info, "build finished build=" + std::to_string(held->id.value));
  held_.erase(m.claim);
}

void WorkerCore::on_answer(const wire::Answer& m, Now now) {
  HeldBuild* held = find(m.claim);
  if (!held || held->stage != Stage::running) return;
  held->build->on_answer(m, now);
  track(*held);
  start_waiting(now);
}

void WorkerCore::on_heartbeat_reply(const wire::HeartbeatReply& m, Now now) {
  if (!session_.welcomed() || m.session != session_.session()) return;
  session_.on_heartbeat_reply(m.number, now.mono);
  for (const auto& wanted : m.wanted) {
    HeldBuild* held = find(wanted.claim);
    if (!held) continue;
    if (wanted.fenced) {
      forget(wanted.claim, "fenced: " + wanted.reason);
    } else if (wanted.cancel) {
      held->build->cancel(wanted.reason, now);
      track(*held);
    }
  }
  start_waiting(now);
}

void WorkerCore::on_probe(const wire::Probe& m, Now now) {
  if (session_.welcomed() && m.session == session_.session()) send_heartbeat(now, m.number);
}

}  // namespace headrace::worker
