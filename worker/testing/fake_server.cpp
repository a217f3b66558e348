// SPDX-License-Identifier: Apache-2.0
#include "worker/testing/fake_server.hpp"

#include <algorithm>

#include "logchunk/chunk.hpp"
#include "wire/codec.hpp"

namespace headrace::worker::testing {
namespace {

template <class M>
void push(std::vector<FakeServer::Reply>& out, const M& m) {
  out.emplace_back(M::kName, wire::encode(m));
}

wire::Fenced fenced(const wire::Claim& claim) {
  wire::Fenced out;
  out.claim = claim;
  return out;
}

}  // namespace

std::string FakeBuild::log(int step_number, const std::string& name) const {
  for (const auto& s : steps) {
    if (s.number != step_number) continue;
    for (const auto& l : s.logs) {
      if (l.name != name) continue;
      const auto it = logs.find({step_number, l.index});
      return it == logs.end() ? "" : it->second;
    }
  }
  return "";
}

const wire::StepRecord* FakeBuild::step(const std::string& name) const {
  for (const auto& s : steps)
    if (s.name == name) return &s;
  return nullptr;
}

std::int64_t FakeServer::add(wire::BuildPlan plan) {
  FakeBuild b;
  b.claim.request = RequestId{++last_request_};
  b.claim.nonce = "";
  plan.request = b.claim.request;
  if (plan.directory.empty()) plan.directory = "builder";
  b.plan = std::move(plan);
  builds_[last_request_] = std::move(b);
  return last_request_;
}

void FakeServer::cancel(std::int64_t request, const std::string& reason) {
  builds_.at(request).cancel = true;
  builds_.at(request).reason = reason;
}

bool FakeServer::all_finished() const {
  return std::all_of(builds_.begin(), builds_.end(),
                     [](const auto& b) { return b.second.state >= FakeBuild::State::finished; });
}

FakeBuild* FakeServer::find(const wire::Claim& claim) {
  const auto it = builds_.find(claim.request.value);
  return it != builds_.end() && it->second.claim == claim ? &it->second : nullptr;
}

std::vector<FakeServer::Reply> FakeServer::offers() {
  std::vector<Reply> out;
  if (!session_) return out;
  for (auto& [request, b] : builds_) {
    if (b.state != FakeBuild::State::offered || !b.claim.nonce.empty() || free_slots_ == 0) continue;
    --free_slots_;
    b.claim.nonce = "nonce" + std::to_string(++last_nonce_);
    wire::Offer m;
    m.session = *session_;
    m.claim = b.claim;
    m.expires_ms = 5000;
    m.plan = wire::encode(b.plan);
    push(out, m);
  }
  return out;
}

// Every message but the hello carries its session under the same key; a stranger is sent to hello.
bool FakeServer::is_stranger(const std::string& name, const std::string& body, std::vector<Reply>& out) {
  std::int64_t session = 0;
  if (name == wire::Report::kName) {
    if (const auto m = wire::decode<wire::Report>(body)) session = m->session.value;
  } else if (const auto map = wire::decode_value(body)) {
    session = (*map)["session"].int_or(0);
  }
  if (session_ && session == session_->value && !known_sessions_.contains(session)) session_.reset();
  if (session_ && session == session_->value) return false;
  wire::Rehello m;
  m.session = SessionId{session};
  push(out, m);
  return true;
}

template <class M>
bool FakeServer::took(const std::string& name, const std::string& body, std::vector<Reply>& out) {
  if (name != M::kName) return false;
  if (const auto message = wire::decode<M>(body))
    on(*message, out);
  else
    errors.push_back(message.error().text);
  return true;
}

std::vector<FakeServer::Reply> FakeServer::on_message(const std::string& name, const std::string& body) {
  std::vector<Reply> out;
  if (name != wire::Hello::kName && is_stranger(name, body, out)) return out;
  const bool known = took<wire::Hello>(name, body, out) || took<wire::Ready>(name, body, out) ||
                     took<wire::Accept>(name, body, out) || took<wire::Refuse>(name, body, out) ||
                     took<wire::Report>(name, body, out) || took<wire::Question>(name, body, out) ||
                     took<wire::Heartbeat>(name, body, out) || took<wire::Goodbye>(name, body, out);
  if (!known) errors.push_back("unknown message " + name);
  return out;
}

void FakeServer::on(const wire::Hello& m, std::vector<Reply>& out) {
  ++hellos;
  session_ = SessionId{++last_session_};
  known_sessions_ = {last_session_};
  wire::Welcome w;
  w.instance = m.instance;
  w.hello = m.number;
  w.session = *session_;
  w.name = "w";
  w.lease_ms = lease_ms;
  w.heartbeat_ms = heartbeat_ms;
  w.slots = slots;
  for (const auto& claim : m.held) w.held.push_back(held_state(claim));
  // What the worker does not hold any more goes back.
  for (auto& [request, b] : builds_) {
    const bool held = std::find(m.held.begin(), m.held.end(), b.claim) != m.held.end();
    if (held || b.claim.nonce.empty()) continue;
    if (b.state == FakeBuild::State::offered) b.claim.nonce.clear();
    if (b.state == FakeBuild::State::running) b.state = FakeBuild::State::lost;
  }
  free_slots_ = 0;
  push(out, w);
}

wire::HeldState FakeServer::held_state(const wire::Claim& claim) {
  wire::HeldState s;
  s.claim = claim;
  const FakeBuild* b = find(claim);
  if (!b || b->state > FakeBuild::State::running) return s;
  s.keep = true;
  s.running = b->state == FakeBuild::State::running;
  s.build = s.running ? b->id : BuildId{};
  s.number = b->id.value;
  s.acked = b->acked;
  for (const auto& [log, text] : b->logs)
    s.logs.push_back({log.first, log.second, static_cast<std::int64_t>(text.size())});
  s.cancel = b->cancel;
  s.reason = b->reason;
  return s;
}

void FakeServer::on(const wire::Ready& m, std::vector<Reply>&) { free_slots_ = m.free_slots; }

void FakeServer::on(const wire::Refuse& m, std::vector<Reply>& out) {
  FakeBuild* b = find(m.claim);
  if (!b) return push(out, fenced(m.claim));
  b->refusal = m.reason;
  if (m.reason == "no free slot")
    b->claim.nonce.clear();  // back to its place, for a later ready
  else
    b->state = FakeBuild::State::refused;
}

void FakeServer::on(const wire::Accept& m, std::vector<Reply>& out) {
  FakeBuild* b = find(m.claim);
  if (!b || b->state > FakeBuild::State::running) return push(out, fenced(m.claim));
  if (b->state == FakeBuild::State::offered)
    b->state = FakeBuild::State::running, b->id = BuildId{++last_build_};
  wire::Accepted a;
  a.claim = m.claim;
  a.build = b->id;
  a.number = b->id.value;
  push(out, a);
}

void FakeServer::on(const wire::Question& m, std::vector<Reply>& out) {
  FakeBuild* b = find(m.claim);
  if (!b) return;
  if (!b->answers.contains(m.id)) {
    wire::Answer a = on_question ? on_question(m) : wire::Answer{};
    a.claim = m.claim;
    a.id = m.id;
    b->answers[m.id] = a;
  }
  push(out, b->answers[m.id]);
}

void FakeServer::on(const wire::Heartbeat& m, std::vector<Reply>& out) {
  free_slots_ = m.free_slots;
  wire::HeartbeatReply r;
  r.session = *session_;
  r.number = m.number;
  for (const auto& claim : m.held) {
    const FakeBuild* b = find(claim);
    wire::Wanted w;
    w.claim = claim;
    w.fenced = !b || b->state > FakeBuild::State::running;
    w.cancel = b && b->cancel;
    w.reason = b ? b->reason : "unknown";
    r.wanted.push_back(w);
  }
  push(out, r);
}

void FakeServer::on(const wire::Goodbye& m, std::vector<Reply>&) {
  goodbye = m.reason;
  for (auto& [request, b] : builds_)
    if (b.state == FakeBuild::State::running) b.state = FakeBuild::State::lost;
  session_.reset();
}

void FakeServer::on(const wire::Report& m, std::vector<Reply>& out) {
  if (!acknowledges) return;
  FakeBuild* b = find(m.claim);
  if (!b || b->state != FakeBuild::State::running) return push(out, fenced(m.claim));
  wire::Reported answer;
  answer.claim = m.claim;
  // Log bytes: at the end of what is there, or not at all.
  for (const auto& p : m.logs) {
    std::string& text = b->logs[{p.step, p.log}];
    if (p.offset_bytes == static_cast<std::int64_t>(text.size())) {
      auto chunk = logchunk::decode(p.chunk);
      if (!chunk) {
        errors.push_back("chunk: " + chunk.error().text);
        continue;
      }
      text += chunk->text;
    }
    answer.logs.push_back({p.step, p.log, static_cast<std::int64_t>(text.size())});
  }
  if (m.sequence == b->acked + 1 && logs_are_whole(*b, m, answer)) apply(*b, m);
  answer.sequence = b->acked;
  answer.finished = b->finish.has_value();
  push(out, answer);
}

// A finished step whose bytes have not all come is not applied: its sender repeats both.
bool FakeServer::logs_are_whole(FakeBuild& b, const wire::Report& m, wire::Reported& answer) {
  bool whole = true;
  for (const auto& item : m.items) {
    if (!item.step || !item.step->results) continue;
    for (const auto& log : item.step->logs) {
      const std::string& text = b.logs[{item.step->number, log.index}];
      const auto have = static_cast<std::int64_t>(text.size());
      if (have != log.size_bytes) {
        whole = false;
        answer.logs.push_back({item.step->number, log.index, have});
      } else if (logchunk::crc32(0, text) != static_cast<std::uint32_t>(log.crc)) {
        errors.push_back("sum of log " + log.name + " is wrong");
      }
    }
  }
  return whole;
}

void FakeServer::apply(FakeBuild& b, const wire::Report& m) {
  ++b.acked;
  ++b.reports;
  for (const auto& item : m.items) {
    if (b.finish) errors.push_back("something after the finish");
    if (item.properties) override_with(b.properties, *item.properties);
    if (item.step) {
      const auto n = static_cast<std::size_t>(item.step->number);
      if (n > b.steps.size()) errors.push_back("step number with a hole");
      if (n < b.steps.size() && b.steps[n].results) errors.push_back("step changed after its end");
      if (n == b.steps.size()) b.steps.push_back(*item.step);
      if (n < b.steps.size()) b.steps[n] = *item.step;
    }
    if (item.finish) b.finish = item.finish;
  }
  if (b.finish) b.state = FakeBuild::State::finished;
}

}  // namespace headrace::worker::testing
