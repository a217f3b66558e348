// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/sessions.hpp"

#include <algorithm>

#include "dispatcher/recovery.hpp"
#include "store/limits.hpp"

namespace headrace::dispatcher {

Link* Sessions::current(const std::string& peer, const std::string& worker, SessionId session) {
  auto* link = c_.workers.find(worker);
  if (link && link->session && link->session == session && link->peer == peer) return link;
  c_.out.send(peer, wire::Rehello{session, false, "this session is not known here"});
  return nullptr;
}

void Sessions::on_hello(const std::string& peer, const std::string& worker, wire::Hello hello) {
  if (hello.protocol < wire::kOldestWorkerProtocol || hello.protocol > wire::kWorkerProtocol) {
    spdlog::error("worker speaks another protocol worker={} version={} known={}", worker, hello.protocol,
                  wire::kWorkerProtocol);
    return c_.out.send(
        peer, wire::Rehello{{},
                            true,
                            "protocol " + std::to_string(hello.protocol) + " is not spoken here, but " +
                                std::to_string(wire::kWorkerProtocol)});
  }
  const auto opening = opening_.find(worker);
  if (opening != opening_.end() && opening->second.peer == peer &&
      opening->second.hello.instance == hello.instance) {
    // The answer is on its way. The same hello again is a repeat; a different one is answered afterwards.
    if (hello.held != opening->second.hello.held) opening->second.later = std::move(hello);
    return;
  }
  if (auto* link = c_.workers.find(worker); link && link->instance == hello.instance) {
    if (hello.number > 0 && hello.number <= link->hello_number) return;  // late, or doubled
    if (link->peer == peer && !link->welcomed) {
      if (hello.held != link->hello.held) link->later = std::move(hello);
      return;
    }
    drop(worker);  // the worker itself says that this connection is over
  }
  open(peer, worker, std::move(hello));
}

void Sessions::open(const std::string& peer, const std::string& worker, wire::Hello hello) {
  store::WorkerHello open;
  open.worker = worker;
  open.instance = hello.instance;
  open.dispatcher = c_.settings.instance;
  open.lease = c_.settings.lease;
  open.info = hello.info;
  open.info.name = worker;
  open.held = hello.held;
  open.number = hello.number;
  open.replaces = hello.replaces;
  const auto serial = ++openings_;
  opening_[worker] = {serial, peer, std::move(hello), std::nullopt};
  c_.out.commit(open, [this, worker, serial](const auto& outcome) {
    const auto found = opening_.find(worker);
    if (found == opening_.end() || found->second.serial != serial) return;  // a later hello has replaced it
    auto opening = std::move(found->second);
    opening_.erase(found);
    if (!outcome) return on_refused(worker, opening, outcome.error());
    if (outcome->session) return admit(worker, std::move(opening), *outcome);
    spdlog::info("worker waits, another process with its key is asked whether it is there worker={}", worker);
  });
}

void Sessions::on_refused(const std::string& worker, const Opening& opening, const store::Refusal& refusal) {
  if (refusal.why == store::Refused::late)
    return spdlog::info("a late hello is ignored worker={} reason={}", worker, refusal.text);
  spdlog::warn("hello was refused worker={} reason={}", worker, refusal.text);
  if (refusal.why == store::Refused::held)
    c_.out.send(opening.peer, wire::Rehello{{}, true, "another process with this key is at work"});
}

void Sessions::admit(const std::string& worker, Opening opening, const store::WorkerHello::Answer& answer) {
  if (const auto* before = c_.workers.find(worker); before && before->instance != opening.hello.instance) {
    spdlog::warn("worker is taken over by another process worker={}", worker);
    c_.out.send(before->peer,
                wire::Rehello{before->session, true, "another process has connected with this key"});
  }
  drop(worker);
  Link link;
  link.peer = std::move(opening.peer);
  link.instance = opening.hello.instance;
  link.hello_number = opening.hello.number;
  link.session = answer.session;
  link.last_heard = c_.now.mono;
  link.orphans = answer.orphans;
  link.hello = std::move(opening.hello);
  link.later = std::move(opening.later);
  spdlog::info("worker connected worker={} session={} builds={}", worker, answer.session.value,
               link.hello.held.size());
  c_.workers.add(worker, std::move(link));
  adopt_held(worker, answer);
}

// The claims that the worker holds are read from the store before the welcome, because the welcome tells the
// worker the state of each claim.
void Sessions::adopt_held(const std::string& worker, const store::WorkerHello::Answer& answer) {
  using State = store::WorkerHello::Held::State;
  const auto held = c_.workers.find(worker)->hello.held;
  const SessionId session = answer.session;
  // All claims of one hello are read together. The last answer sends the welcome.
  std::vector<std::pair<wire::Claim, BuildId>> valid;
  for (std::size_t i = 0; i < held.size() && i < answer.held.size(); ++i)
    if (answer.held[i].state != State::fenced) valid.emplace_back(held[i], answer.held[i].build);
  recovery_.adopt(worker, session, valid, [this, worker, session, held] { welcome(worker, session, held); });
}

void Sessions::welcome(const std::string& worker, SessionId session, const std::vector<wire::Claim>& held) {
  auto* link = c_.workers.find(worker);
  if (!link || link->session != session || link->welcomed) return;
  wire::Welcome message;
  message.instance = link->instance;
  message.hello = link->hello_number;
  message.session = session;
  message.name = worker;
  message.lease_ms = c_.settings.lease.count();
  message.heartbeat_ms = c_.settings.heartbeat.count();
  if (c_.configuration)
    if (const auto* declared = c_.configuration->site().worker(worker)) message.slots = declared->slots;
  for (const auto& claim : held) {
    wire::HeldState state;
    state.claim = claim;
    if (const auto* build = c_.claims.find(claim)) {
      state.keep = true;
      state.running = build->running;
      state.build = build->build.id;
      state.number = build->build.number;
      state.acked = build->sequence_committed;
      state.cancel = build->cancel_reason.has_value();
      state.reason = build->cancel_reason.value_or("");
      for (const auto& [log, extent] : build->logs)
        state.logs.push_back({log.step, log.log, extent.committed.size_bytes});
    } else {
      state.reason = "the claim is no longer valid";
    }
    message.held.push_back(std::move(state));
  }
  link->welcomed = true;
  link->slots = link->free_slots = message.slots;
  link->hello = {};
  c_.workers.update(worker);
  c_.out.send(link->peer, message);
  c_.match_needed = true;
  if (auto later = std::exchange(link->later, std::nullopt)) open(link->peer, worker, std::move(*later));
}

void Sessions::heard(const std::string& worker, Link& link) {
  link.heard = true;
  link.last_heard = c_.now.mono;
  if (!link.silent && link.spoken) return;
  const bool first = !std::exchange(link.spoken, true);
  link.silent = false;
  c_.workers.update(worker);
  c_.match_needed = true;
  if (!first) return;
  // From here on the worker's earlier sessions are over, and what it no longer holds is given away.
  link.heard = false;
  renew({{worker, link.session}}, [this, orphans = std::exchange(link.orphans, {})](std::size_t) {
    for (const auto orphan : orphans) recovery_.release_or_declare_lost(orphan);
  });
}

void Sessions::on_heartbeat(const std::string& worker, Link& link, const wire::Heartbeat& message) {
  if (message.free_slots > link.free_slots) c_.match_needed = true;
  link.free_slots = message.free_slots;
  c_.workers.update(worker);
  beats_.push_back({worker, link.session, message.number, message.held});
  if (message.probe != 0) c_.out.commit(store::WorkerAnswers{worker, link.session, message.probe});
  // A worker that stood still may take the answer to a hello of before: its next one says what it has lost.
  for (const auto id : link.claims) {
    const auto* build = c_.claims.find(id);
    if (build && build->running &&
        std::find(message.held.begin(), message.held.end(), build->claim) == message.held.end())
      return resync(worker, "the worker no longer has the build of request " + std::to_string(id.value));
  }
}

void Sessions::answer_heartbeats() {
  for (auto beats = std::exchange(beats_, {}); !beats.empty();) {
    const auto n = std::min<std::size_t>(beats.size(), store::kMaxRenewals);
    std::vector<Beat> some(std::make_move_iterator(beats.end() - static_cast<std::ptrdiff_t>(n)),
                           std::make_move_iterator(beats.end()));
    beats.resize(beats.size() - n);
    std::vector<std::pair<std::string, SessionId>> asked;
    for (const auto& beat : some) {
      asked.emplace_back(beat.worker, beat.session);
      if (auto* link = c_.workers.find(beat.worker); link && link->session == beat.session)
        link->heard = false;
    }
    renew(std::move(asked), [this, some = std::move(some)](std::size_t i) { reply(some[i]); });
  }
}

void Sessions::reply(const Beat& beat) {
  const auto* link = c_.workers.find(beat.worker);
  if (!link || link->session != beat.session) return;
  wire::HeartbeatReply reply;
  reply.session = beat.session;
  reply.number = beat.number;
  for (const auto& claim : beat.held) {
    wire::Wanted wanted;
    wanted.claim = claim;
    if (const auto* build = c_.claims.find(claim, beat.worker)) {
      wanted.cancel = build->cancel_reason.has_value();
      wanted.reason = build->cancel_reason.value_or("");
    } else {
      wanted.fenced = true;
      wanted.reason = "the claim is no longer valid";
    }
    reply.wanted.push_back(std::move(wanted));
  }
  c_.out.send(link->peer, reply);
}

void Sessions::on_goodbye(const std::string& worker, Link& link, const wire::Goodbye& message) {
  spdlog::info("worker says goodbye worker={} reason={}", worker, message.reason);
  end(worker, link.session);
}

void Sessions::end(const std::string& worker, SessionId session) {
  c_.out.commit(store::WorkerGone{worker, session, store::WorkerGone::Why::goodbye},
                [this, worker](const auto& outcome) {
                  if (outcome) recovery_.settle_stale_slots(worker);
                });
  drop(worker);
}

void Sessions::dismiss(const std::string& worker) {
  const char* reason = "the key is no longer allowed";
  if (auto opening = opening_.extract(worker))
    c_.out.send(opening.mapped().peer, wire::Rehello{{}, true, reason});
  const auto* link = c_.workers.find(worker);
  if (!link) return;
  spdlog::warn("worker's key is no longer allowed worker={} session={}", worker, link->session.value);
  c_.out.send(link->peer, wire::Rehello{link->session, true, reason});
  end(worker, link->session);
}

void Sessions::on_connected_elsewhere(const std::string& worker, SessionId session, bool taken_over) {
  const auto* link = c_.workers.find(worker);
  if (!link || link->session >= session) return;
  // When it is the same process, it has left this connection itself; if not, it says so with a new hello.
  c_.out.send(link->peer, wire::Rehello{link->session, taken_over,
                                        taken_over ? "another process has connected with this key"
                                                   : "the worker connected again elsewhere"});
  drop(worker);
}

void Sessions::on_challenged(const std::string& worker, SessionId session, std::int64_t number) {
  const auto* link = c_.workers.find(worker);
  if (link && link->session == session) c_.out.send(link->peer, wire::Probe{session, number});
}

void Sessions::resync(std::string worker, const std::string& reason) {
  const auto* link = c_.workers.find(worker);
  if (!link) return;
  spdlog::warn("worker is asked to connect again worker={} reason={}", worker, reason);
  c_.out.send(link->peer, wire::Rehello{link->session, false, reason});
  drop(std::move(worker));
}

// A worker learns the number of its slots from the welcome only, so a changed number needs a new welcome.
void Sessions::tell_slots() {
  std::vector<std::string> others;
  for (const auto& [name, link] : c_.workers.all()) {
    const auto* declared = c_.configuration ? c_.configuration->site().worker(name) : nullptr;
    if (link.welcomed && link.slots != (declared ? declared->slots : 0)) others.push_back(name);
  }
  for (const auto& name : others) resync(name, "the configuration gives it other slots");
}

void Sessions::on_tick() {
  answer_heartbeats();
  if (c_.now.mono - renewed_ < c_.settings.heartbeat / 2) return;
  renewed_ = c_.now.mono;
  std::vector<std::pair<std::string, SessionId>> heard;
  const auto nothing = [](std::size_t) {};
  for (auto& [name, link] : c_.workers.all()) {
    if (c_.now.mono - link.last_heard > c_.settings.heartbeat * 3 / 2) c_.workers.distrust(name);
    if (!std::exchange(link.heard, false)) continue;
    heard.emplace_back(name, link.session);
    if (heard.size() == store::kMaxRenewals) renew(std::exchange(heard, {}), nothing);
  }
  if (!heard.empty()) renew(std::move(heard), nothing);
}

template <class F>
void Sessions::renew(std::vector<std::pair<std::string, SessionId>> asked, F then) {
  const store::WorkerRenew renewal{c_.settings.lease, asked};
  c_.out.commit(renewal, [this, asked = std::move(asked), then = std::move(then)](const auto& current) {
    if (!current) return;
    for (std::size_t i = 0; i < asked.size() && i < current->size(); ++i) {
      if ((*current)[i]) {
        then(i);
        continue;
      }
      const auto& [worker, session] = asked[i];
      const auto* link = c_.workers.find(worker);
      if (!link || link->session != session) continue;
      c_.out.send(link->peer, wire::Rehello{session, false, "the session has ended"});
      drop(worker);
    }
  });
}

void Sessions::drop(std::string worker) {
  const auto* link = c_.workers.find(worker);
  if (!link) return;
  for (const auto id : std::set<RequestId>(link->claims)) c_.remove_claim(id);
  c_.workers.erase(worker);
}

}  // namespace headrace::dispatcher
