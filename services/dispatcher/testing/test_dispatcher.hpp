// SPDX-License-Identifier: Apache-2.0
// For the tests of the core: a dispatcher whose store, configuration and workers are played by the test. The
// core's actions are kept, and the test takes them in order, with or without an answer. Questions to the
// store are answered at once from the things that the test has put into TestStore.
#pragma once

#include <gtest/gtest.h>

#include <deque>

#include "config/test_support.hpp"
#include "dispatcher/core.hpp"
#include "store/testing/transition_of.hpp"
#include "wire/codec.hpp"

namespace headrace::dispatcher {

using Texts = std::vector<std::string>;

/// The plainest value that the function gives.
template <class Transition>
json::Value plain_answer(const Transition& said) {
  if constexpr (std::is_same_v<Transition, store::WorkerGone>) return json::Array{json::Array{}};
  if constexpr (std::is_same_v<Transition, store::Progress>) {
    const bool ends = !said.items.empty() && std::holds_alternative<store::Progress::Finish>(said.items[0]);
    return json::Array{said.sequence, ends ? 1 : 0};
  }
  if constexpr (std::is_same_v<Transition, store::BuildLost>)
    return json::Array{static_cast<int>(said.build.results.value())};
  return json::Array{};
}

/// A call of the store that waits for its answer. Its fields are those of the transition: call->nonce.
template <class Transition>
struct TestCall {
  Transition said;
  std::function<void(store::Reply)> done;

  const Transition* operator->() const { return &said; }
  void ok(const json::Value& value) const {
    store::Reply reply;
    reply.ok = true;
    reply.value = wire::encode_value(value);
    if (done) done(std::move(reply));
  }
  void ok() const { ok(plain_answer(said)); }
  void refuse(store::Refused why, const std::string& text) const {
    store::Reply reply;
    reply.why = why;
    reply.refusal = text;
    if (done) done(std::move(reply));
  }
};

/// The answer of worker_hello: this session, and nothing of the worker's past.
inline json::Value session(std::int64_t id) { return json::Array{id, json::Array{}, json::Array{}, ""}; }

/// The workers that an offer names, in order.
inline Texts workers_of(const TestCall<store::Offer>& offer) {
  Texts out;
  for (const auto& pair : offer->pairs) out.push_back(pair.worker);
  return out;
}
/// The request of an offer's first choice.
inline std::int64_t request_of(const TestCall<store::Offer>& offer) {
  return offer->pairs.at(0).request.value;
}
/// The item of a report that the store is asked to apply: a Step, Properties or Finish.
template <class Item>
Item item_of(const TestCall<store::Progress>& progress, std::size_t index = 0) {
  return std::get<Item>(progress->items.at(index));
}
/// The build that ends with this report, which says nothing else.
inline wire::Build end_of(const TestCall<store::Progress>& progress) {
  EXPECT_EQ(progress->items.size(), 1u);
  return item_of<store::Progress::Finish>(progress).build;
}

/// The store's answers to questions.
struct TestStore {
  std::map<RequestId, store::Claimed> claims;
  std::map<std::string, std::vector<RequestId>> slots;
  std::map<std::string, store::Worker> workers;
  std::map<ChangeId, wire::Change> changes;
  std::map<ConfigVersion, ConfigurationPtr> configurations;
  bool silent = false;  ///< true: questions wait for TestDispatcher::speak()

  Answer answer(const ClaimOf& q) const { return found(claims, q.request); }
  Answer answer(const SlotsOf& q) const { return found(slots, q.worker).value_or(std::vector<RequestId>()); }
  Answer answer(const SessionOf& q) const { return found(workers, q.worker); }
  Answer answer(const ChangesOf& q) const {
    std::vector<wire::Change> out;
    for (const auto id : q.ids)
      if (const auto change = found(changes, id)) out.push_back(*change);
    return out;
  }

 private:
  template <class M, class K>
  static std::optional<typename M::mapped_type> found(const M& map, const K& key) {
    const auto it = map.find(key);
    return it == map.end() ? std::nullopt : std::optional(it->second);
  }
};

/// A core with a configuration, and the messages of a store and of workers to that core.
class TestDispatcher {
 public:
  static constexpr std::int64_t kVersion = 7;
  static constexpr int kMaxAttempts = 3;

  explicit TestDispatcher(const std::string& configuration_text,
                          std::vector<store::OpenRequests::One> open = {})
      : configuration(config::evaluated(configuration_text)),
        core({"0123456789abcdef", 30s, 5s, 5s, kMaxAttempts,
              [this] { return "nonce" + std::to_string(++nonces_); }},
             configuration, ConfigVersion{kVersion}, open, now()) {
    store.configurations[ConfigVersion{kVersion}] = configuration;
    perform();
  }

  Now now() const { return {time, from_ms(5000)}; }
  void tick() {
    core.on_tick(now());
    perform();
  }
  void match(bool anew = false) {
    core.match(now(), anew);
    perform();
  }
  void configure(ConfigurationPtr other, std::int64_t version) {
    core.on_configuration(std::move(other), ConfigVersion{version}, now());
    perform();
  }
  void remove_key(const std::string& worker) {
    core.on_key_removed(worker, now());
    perform();
  }
  /// A message as bytes.
  void hear(const std::string& peer, const std::string& worker, const std::string& name,
            const std::string& body) {
    core.on_message(peer, worker, name, body, now());
    perform();
    match();
  }
  /// The store answers the questions that came while it was silent.
  void speak() {
    store.silent = false;
    for (auto& ask : std::exchange(asked_, {})) perform(ask);
    perform();
    match();
  }

  /// Takes the next call to the store. It has to be of this transition.
  template <class Transition>
  TestCall<Transition> commit() {
    return take<Transition>(commits);
  }
  TestCall<store::LogAppend> append() { return take<store::LogAppend>(appends); }
  /// Takes the next message. It has to be of this type, and for this peer.
  template <class M>
  M message(const std::string& peer) {
    if (sent.empty()) {
      ADD_FAILURE() << "no " << M::kName << " for " << peer;
      return {};
    }
    const auto first = sent.front();
    sent.pop_front();
    EXPECT_EQ(first.name, M::kName);
    EXPECT_EQ(first.peer, peer);
    auto out = wire::decode<M>(first.body);
    if (!out) {
      ADD_FAILURE() << out.error().text;
      return {};
    }
    return *out;
  }
  /// True when neither a call nor a message waits to be taken.
  bool quiet() const { return commits.empty() && appends.empty() && sent.empty(); }

  /// A message of `worker` from its connection `peer`, as the service brings it.
  template <class M>
  void say(const std::string& peer, const std::string& worker, const M& message) {
    hear(peer, worker, M::kName, wire::encode(message));
  }

  /// Says hello from the connection "<worker>@<session>", is welcomed, and says what it can take.
  wire::Welcome connect(const std::string& worker, std::int64_t session, std::vector<wire::Claim> held = {},
                        json::Array states = {}, json::Array orphans = {}) {
    const auto peer = peer_of(worker, session);
    say(peer, worker, hello("instance" + std::to_string(session), std::move(held)));
    commit<store::WorkerHello>().ok(json::Array{session, std::move(states), std::move(orphans), ""});
    auto welcome = message<wire::Welcome>(peer);
    speak_first(worker, session, welcome.slots);
    return welcome;
  }
  /// The first message in a session, and the renewal of the lease that it brings.
  void speak_first(const std::string& worker, std::int64_t session, int slots) {
    say(peer_of(worker, session), worker, wire::Ready{SessionId{session}, slots});
    commit<store::WorkerRenew>().ok(json::Array{1});
  }
  /// A heartbeat, the renewal that it brings, and the reply to it.
  wire::HeartbeatReply beat(const std::string& worker, std::int64_t session, int free_slots,
                            std::vector<wire::Claim> held = {}) {
    const auto peer = peer_of(worker, session);
    say(peer, worker, wire::Heartbeat{SessionId{session}, free_slots, std::move(held), ++beats_});
    commit<store::WorkerRenew>().ok(json::Array{1});
    auto reply = message<wire::HeartbeatReply>(peer);
    EXPECT_EQ(reply.number, beats_);
    return reply;
  }
  static wire::Hello hello(const std::string& instance, std::vector<wire::Claim> held = {}) {
    wire::Hello hello;
    hello.instance = instance;
    hello.held = std::move(held);
    return hello;
  }
  static std::string peer_of(const std::string& worker, std::int64_t session) {
    return worker + "@" + std::to_string(session);
  }

  /// Sets the state of a request that the store answers when it is asked.
  void stored(std::int64_t id, store::RequestState state) {
    auto& request = store.claims[RequestId{id}].request;
    request.id = RequestId{id};
    request.state = state;
  }

  /// A buildset with a request for each of these builders; their ids begin with `first`.
  void request(std::int64_t first, const Texts& builders, std::int64_t priority = 0) {
    wire::Buildset set;
    set.sourcestamps.resize(1);
    set.sourcestamps[0].branch = "main";
    for (const auto& builder : builders) set.requests.push_back({{}, builder, priority});
    event("buildset.new", {{"bsid", first}, {"first_request", first}}, wire::encode(set));
  }
  void event(const std::string& topic, std::map<std::string, std::int64_t, std::less<>> ids,
             const std::string& body = "") {
    wire::Event event;
    event.topic = topic;
    event.ids = std::move(ids);
    event.at_ms = 1000;
    event.body = body;
    core.on_event(wire::read_event(event), now());
    perform();
    match();
  }

  /// Takes the offer of `id` that the core has asked the store for, gives it to the `index`th worker
  /// asked, and takes the message to it.
  wire::Offer offered(std::int64_t id, const std::string& peer, int index = 1,
                      const std::string& slot = "a") {
    const auto call = commit<store::Offer>();
    EXPECT_EQ(request_of(call), id);
    call.ok(json::Array{index, slot});
    return message<wire::Offer>(peer);
  }
  /// Does the same, and the worker accepts: build `build` runs on `worker`. @return the claim
  wire::Claim running(std::int64_t id, std::int64_t build, const std::string& worker, std::int64_t session) {
    const auto peer = peer_of(worker, session);
    const auto claim = offered(id, peer).claim;
    say(peer, worker, wire::Accept{SessionId{session}, claim});
    commit<store::Accept>().ok(json::Array{build, 1, 900, 1});
    EXPECT_EQ(message<wire::Accepted>(peer).build.value, build);
    return claim;
  }

  struct Sent {
    std::string peer, name, body;
  };
  struct Waiting {
    store::Call call;
    std::function<void(store::Reply)> done;
  };
  std::deque<Waiting> commits, appends;
  std::deque<Sent> sent;
  std::vector<std::int64_t> announced, moved;
  TestStore store;
  MonoTime time{1'000'000ms};
  ConfigurationPtr configuration;
  Core core;

 private:
  void perform() {
    for (auto actions = core.take_actions(); !actions.empty(); actions = core.take_actions())
      for (auto& action : actions) std::visit([this](auto& a) { perform(a); }, action);
  }
  void perform(Send& a) { sent.push_back({a.peer, a.name, a.body}); }
  void perform(Commit& a) { commits.push_back(call(a.call, a.ticket)); }
  void perform(AppendLog& a) { appends.push_back(call(a.call, a.ticket)); }
  void perform(AnnounceLog& a) { announced.push_back(a.extent.size_bytes); }
  void perform(MoveLogs& a) {
    EXPECT_NE(a.started_ms, 0) << "the mover would ask Redis for it";
    moved.push_back(a.build.value);
  }
  void perform(WantConfiguration& a) { core.on_answer(a.ticket, store.configurations[a.version], now()); }
  void perform(Ask& a) {
    if (store.silent) return asked_.push_back(a);
    core.on_answer(a.ticket, std::visit([this](const auto& q) { return store.answer(q); }, a.question),
                   now());
  }
  Waiting call(store::Call& c, Ticket ticket) {
    return {std::move(c), [this, ticket](store::Reply reply) {
              if (ticket) core.on_answer(ticket, std::move(reply), now());
              perform();
              match();
            }};
  }
  template <class Transition>
  static TestCall<Transition> take(std::deque<Waiting>& calls) {
    if (calls.empty()) {
      ADD_FAILURE() << "no call of " << Transition::kFunction;
      return {};
    }
    auto first = std::move(calls.front());
    calls.pop_front();
    return {store::testing::transition_of<Transition>(first.call), std::move(first.done)};
  }

  std::vector<Ask> asked_;
  int nonces_ = 0;
  std::int64_t beats_ = 0;
};

}  // namespace headrace::dispatcher
