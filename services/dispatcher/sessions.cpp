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
  if (hello.protocol != wire::kWorkerProtocol) {
    spdlog::error("worker speaks another protocol worker={} version={} known={}", worker, hello.protocol,
                  wire::kWorkerProtocol);
    return c_.out.send(
        peer, wire::Rehello{{},
                            true,
                            "protocol " + std::to_string(hello.protocol) + " is not spoken here, but " +
                                std::to_string(wire::kWorkerProtocol)});
  }
  if (auto* before = c_.workers.find(worker)) {
    const bool same_life = before->peer == peer && before->instance == hello.instance;
    if (same_life && !before->welcomed) {
      // The welcome for this connection is being prepared. The same hello again is a repeat. A different
      // hello is answered after the welcome.
      if (hello.held != before->hello.held) before->later = std::move(hello);
      return;
    }
    if (before->instance != hello.instance) {
      spdlog::warn("worker is taken over by another process worker={}", worker);
      c_.out.send(before->peer,
                  wire::Rehello{before->session, true, "another process has connected with this key"});
    }
  }
  open(peer, worker, std::move(hello));
}

// @param peer  by value, because the caller's string may belong to the link that drop() removes
void Sessions::open(std::string peer, const std::string& worker, wire::Hello hello) {
  drop(worker);
  store::WorkerHello open;
  open.worker = worker;
  open.instance = hello.instance;
  open.dispatcher = c_.settings.instance;
  open.lease = c_.settings.lease;
  open.info = hello.info;
  open.info.name = worker;
  open.held = hello.held;
  // The link is added before the session is known, so that the store's answer finds the link.
  Link link;
  link.peer = peer;
  link.instance = hello.instance;
  link.hello = std::move(hello);
  c_.workers.add(worker, std::move(link));
  c_.out.commit(open, [this, peer, worker, instance = open.instance](const auto& outcome) {
    auto* opened = c_.workers.find(worker);
    if (!opened || opened->peer != peer || opened->instance != instance || opened->session)
      return;  // a later hello has replaced this one
    if (!outcome) {
      spdlog::error("hello was refused worker={} reason={}", worker, outcome.error().text);
      return c_.workers.erase(worker);
    }
    opened->session = outcome->session;
    spdlog::info("worker connected worker={} session={} builds={}", worker, outcome->session.value,
                 opened->hello.held.size());
    adopt_held(worker, *outcome);
  });
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
  for (const auto orphan : answer.orphans) recovery_.release_or_declare_lost(orphan);
}

void Sessions::welcome(const std::string& worker, SessionId session, const std::vector<wire::Claim>& held) {
  auto* link = c_.workers.find(worker);
  if (!link || link->session != session || link->welcomed) return;
  wire::Welcome message;
  message.instance = link->instance;
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

void Sessions::on_heartbeat(const std::string& worker, Link& link, const wire::Heartbeat& message) {
  if (message.free_slots > link.free_slots) c_.match_needed = true;
  link.free_slots = message.free_slots;
  c_.workers.update(worker);
  wire::HeartbeatReply reply;
  reply.session = link.session;
  for (const auto& claim : message.held) {
    wire::Wanted wanted;
    wanted.claim = claim;
    if (const auto* build = c_.claims.find(claim)) {
      wanted.cancel = build->cancel_reason.has_value();
      wanted.reason = build->cancel_reason.value_or("");
    } else {
      wanted.fenced = true;
      wanted.reason = "the claim is no longer valid";
    }
    reply.wanted.push_back(std::move(wanted));
  }
  c_.out.send(link.peer, reply);
  // A worker that stood still may take the answer to a hello of before: its next one says what it has lost.
  for (const auto id : link.claims) {
    const auto* build = c_.claims.find(id);
    if (build && build->running &&
        std::find(message.held.begin(), message.held.end(), build->claim) == message.held.end())
      return resync(worker, "the worker no longer has the build of request " + std::to_string(id.value));
  }
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
  const auto* link = c_.workers.find(worker);
  if (!link) return;
  spdlog::warn("worker's key is no longer allowed worker={} session={}", worker, link->session.value);
  c_.out.send(link->peer, wire::Rehello{link->session, true, "the key is no longer allowed"});
  link->session ? end(worker, link->session) : drop(worker);
}

void Sessions::on_connected_elsewhere(const std::string& worker, SessionId session) {
  const auto* link = c_.workers.find(worker);
  if (!link || !link->session || link->session >= session) return;
  // Another process may have connected with the same key: the worker that is connected here must learn of it.
  c_.out.send(link->peer, wire::Rehello{link->session, true, "the worker connected again elsewhere"});
  drop(worker);
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
  if (c_.now.mono - renewed_ < c_.settings.heartbeat / 2) return;
  renewed_ = c_.now.mono;
  std::vector<std::pair<std::string, SessionId>> heard;
  for (auto& [name, link] : c_.workers.all()) {
    if (!link.session || !std::exchange(link.heard, false)) continue;
    heard.emplace_back(name, link.session);
    if (heard.size() == store::kMaxRenewals) renew(std::exchange(heard, {}));
  }
  if (!heard.empty()) renew(std::move(heard));
}

void Sessions::renew(std::vector<std::pair<std::string, SessionId>> asked) {
  const store::WorkerRenew renewal{c_.settings.lease, asked};
  c_.out.commit(renewal, [this, asked = std::move(asked)](const auto& current) {
    if (!current) return;
    for (std::size_t i = 0; i < asked.size() && i < current->size(); ++i) {
      if ((*current)[i]) continue;
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
