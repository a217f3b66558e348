// SPDX-License-Identifier: Apache-2.0
// Workers come and go: hello, heartbeats, leases, goodbye.
#include "dispatcher/messages.hpp"

namespace headrace::dispatcher {
namespace {
constexpr std::size_t kMostRenewed = 1000;  // sessions in one call
}  // namespace

Core::Link* Core::current_link(const std::string& peer, const std::string& user, SessionId session) {
  const auto found = links_.find(user);
  if (found != links_.end() && found->second.session == session && found->second.peer == peer)
    return &found->second;
  send(peer, wire::Rehello{session, false, "this session is not known here"});
  return nullptr;
}

void Core::on_hello(const std::string& peer, const std::string& user, wire::Hello hello) {
  if (hello.protocol != wire::kWorkerProtocol) {
    spdlog::error("worker speaks another protocol worker={} version={} known={}", user, hello.protocol,
                  wire::kWorkerProtocol);
    return send(peer, wire::Rehello{{},
                                    true,
                                    "protocol " + std::to_string(hello.protocol) +
                                        " is not spoken here, but " + std::to_string(wire::kWorkerProtocol)});
  }
  const auto before = links_.find(user);
  if (before != links_.end() && before->second.instance != hello.instance) {
    spdlog::warn("worker is taken over by another process worker={}", user);
    send(before->second.peer,
         wire::Rehello{before->second.session, true, "another process has connected with this key"});
  }
  drop_link(user);
  // The way to the worker is known before its session is, so that the answer finds it.
  links_[user].peer = peer;
  links_[user].instance = hello.instance;

  wire::WorkerInfo info = hello.info;
  info.name = user;
  store::Call call{"worker_hello",
                   {user, hello.instance, settings_.instance, std::to_string(settings_.lease.count()),
                    wire::encode(info), std::to_string(hello.held.size())}};
  for (const auto& claim : hello.held) {
    call.args.push_back(std::to_string(claim.request.value));
    call.args.push_back(claim.nonce);
  }
  effects_.commit(std::move(call), [this, peer, user, hello = std::move(hello)](store::Reply r) {
    const auto link = links_.find(user);
    if (link == links_.end() || link->second.peer != peer) return;  // a later hello is under way
    const auto answer = wire::decode_value(r.value);
    if (!r.ok || !answer || !answer->is_array() || answer->as_array().size() != 4) {
      spdlog::error("hello was refused worker={} reason={}", user, r.refusal);
      links_.erase(link);
      return;
    }
    welcome(user, hello, *answer);
  });
}

void Core::welcome(const std::string& user, wire::Hello hello, const json::Value& answer) {
  const auto& parts = answer.as_array();
  auto& link = links_.at(user);
  link.session.value = parts[0].int_or(0);
  spdlog::info("worker connected worker={} session={} builds={}", user, link.session.value,
               hello.held.size());

  auto message = std::make_shared<wire::Welcome>();
  message->instance = hello.instance;
  message->session = link.session;
  message->name = user;
  message->lease_ms = settings_.lease.count();
  message->heartbeat_ms = settings_.heartbeat.count();
  if (configuration_)
    if (const auto* worker = configuration_->site().worker(user)) message->slots = worker->slots;

  // Builds that it holds are read from the store before the welcome, which says where each one stands.
  auto left = std::make_shared<std::size_t>(1);
  const SessionId session = link.session;
  const auto finish = [this, user, session, message, left] {
    if (--*left > 0) return;
    const auto found = links_.find(user);
    if (found == links_.end() || found->second.session != session) return;
    found->second.welcomed = true;
    found->second.slots = message->slots;
    found->second.free_slots = message->slots;
    send(found->second.peer, *message);
    match_anew();
    match();
  };
  const auto& states = parts[1];
  for (std::size_t i = 0; i < hello.held.size(); ++i) {
    wire::HeldState held;
    held.claim = hello.held[i];
    const std::string state = states.is_array() && i < states.as_array().size()
                                  ? states.as_array()[i].as_array().at(0).string_or("")
                                  : "";
    if (state != "running" && state != "offered") {
      held.reason = "the claim is no longer valid";
      message->held.push_back(std::move(held));
      continue;
    }
    ++*left;
    adopt(user, held.claim, [message, held, finish](std::shared_ptr<ActiveBuild> build) mutable {
      if (build) {
        held.keep = true;
        held.running = build->running;
        held.build = build->build.id;
        held.number = build->build.number;
        held.acked = build->sequence_committed;
        held.cancel = build->cancel;
        held.reason = build->cancel_reason;
        for (const auto& [place, log] : build->logs)
          held.logs.push_back({place.first, place.second, log.committed.size_bytes});
      }
      message->held.push_back(std::move(held));
      finish();
    });
  }
  if (parts[2].is_array())
    for (const auto& orphan : parts[2].as_array()) settle(RequestId{orphan.int_or(0)});
  finish();
}

void Core::on_heartbeat(Link& link, const wire::Heartbeat& message) {
  if (message.free_slots > link.free_slots) match_wanted_ = true;
  link.free_slots = message.free_slots;
  wire::HeartbeatReply reply;
  reply.session = link.session;
  for (const auto& claim : message.held) {
    wire::Wanted wanted;
    wanted.claim = claim;
    if (const auto build = find_claim(claim)) {
      wanted.cancel = build->cancel;
      wanted.reason = build->cancel_reason;
    } else {
      wanted.fenced = true;
      wanted.reason = "the claim is no longer valid";
    }
    reply.wanted.push_back(std::move(wanted));
  }
  send(link.peer, reply);
}

void Core::on_goodbye(const std::string& user, Link& link, const wire::Goodbye& message) {
  spdlog::info("worker says goodbye worker={} reason={}", user, message.reason);
  effects_.commit({"worker_gone", {user, std::to_string(link.session.value), "goodbye"}},
                  [this, user](store::Reply r) {
                    if (r.ok) sweep(user);
                  });
  drop_link(user);
}

void Core::dismiss(const std::string& worker) {
  const auto link = links_.find(worker);
  if (link == links_.end()) return;
  spdlog::warn("worker's key is no longer allowed worker={} session={}", worker, link->second.session.value);
  send(link->second.peer, wire::Rehello{link->second.session, true, "the key is no longer allowed"});
  if (link->second.session)
    effects_.commit({"worker_gone", {worker, std::to_string(link->second.session.value), "goodbye"}},
                    [this, worker](store::Reply r) {
                      if (r.ok) sweep(worker);
                    });
  drop_link(worker);
}

void Core::renew_leases() {
  renewed_ = effects_.now();
  std::vector<std::pair<std::string, SessionId>> heard;
  for (auto& [name, link] : links_) {
    if (!link.session || !std::exchange(link.heard, false)) continue;
    heard.emplace_back(name, link.session);
    if (heard.size() == kMostRenewed) renew(std::exchange(heard, {}));
  }
  if (!heard.empty()) renew(std::move(heard));
}

void Core::renew(std::vector<std::pair<std::string, SessionId>> asked) {
  store::Call call{"worker_renew", {std::to_string(settings_.lease.count()), std::to_string(asked.size())}};
  for (const auto& [name, session] : asked)
    call.args.insert(call.args.end(), {name, std::to_string(session.value)});
  effects_.commit(std::move(call), [this, asked = std::move(asked)](store::Reply r) {
    const auto answers = wire::decode_value(r.value);
    if (!r.ok || !answers || !answers->is_array()) return;
    for (std::size_t i = 0; i < asked.size() && i < answers->as_array().size(); ++i) {
      if (answers->as_array()[i].int_or(0) == 1) continue;
      const auto link = links_.find(asked[i].first);
      if (link == links_.end() || link->second.session != asked[i].second) continue;
      send(link->second.peer, wire::Rehello{asked[i].second, false, "the session has ended"});
      drop_link(asked[i].first);
    }
  });
}

void Core::drop_link(const std::string& worker) {
  const auto found = links_.find(worker);
  if (found == links_.end()) return;
  for (const auto id : std::set<RequestId>(found->second.claims)) remove_claim(id);
  links_.erase(worker);
}

}  // namespace headrace::dispatcher
