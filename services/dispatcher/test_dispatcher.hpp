// SPDX-License-Identifier: Apache-2.0
// For the tests of the core: a dispatcher whose store, configuration and workers are the test's own hands.
// What the core causes is recorded and waits; the test takes it in order and answers it, or does not.
#pragma once

#include <gtest/gtest.h>

#include "config/test_support.hpp"
#include "dispatcher/core.hpp"
#include "wire/codec.hpp"

namespace headrace::dispatcher {

using Texts = std::vector<std::string>;

/// A call of the store that waits for its answer.
struct TestCall {
  std::string function;
  Texts args;
  std::function<void(store::Reply)> done;

  void ok(const json::Value& value = json::Array{}) const {
    store::Reply reply;
    reply.ok = true;
    reply.value = wire::encode_value(value);
    if (done) done(std::move(reply));
  }
  void refuse(const std::string& why) const {
    store::Reply reply;
    reply.refusal = why;
    if (done) done(std::move(reply));
  }
};

class TestEffects : public Effects {
 public:
  struct Sent {
    std::string peer, name, body;
  };
  struct Question {
    Texts words;
    std::function<void(store::RedisReply)> done;
  };

  void commit(store::Call call, std::function<void(store::Reply)> done) override {
    commits.push_back({std::move(call.function), std::move(call.args), std::move(done)});
  }
  void append_log(store::Call call, std::function<void(store::Reply)> done) override {
    appends.push_back({std::move(call.function), std::move(call.args), std::move(done)});
  }
  /// Answered at once from `hashes` (HGETALL, HMGET, HVALS) and `sets` (SMEMBERS).
  void read(Texts words, std::function<void(store::RedisReply)> done) override {
    store::RedisReply reply;
    reply.kind = store::RedisReply::Kind::array;
    const auto add = [&](const std::string& text) {
      reply.items.emplace_back();
      reply.items.back().text = text;
    };
    const auto& command = words.at(0);
    const auto& hash = hashes[words.at(1)];
    if (command == "SMEMBERS") {
      for (const auto& member : sets[words[1]]) add(member);
    } else if (command == "HMGET") {
      for (std::size_t i = 2; i < words.size(); ++i) add(hash.contains(words[i]) ? hash.at(words[i]) : "");
    } else {
      EXPECT_TRUE(command == "HGETALL" || command == "HVALS") << command;
      for (const auto& [name, value] : hash) {
        if (command == "HGETALL") add(name);
        add(value);
      }
    }
    done(std::move(reply));
  }
  void configuration(ConfigVersion version,
                     std::function<void(std::shared_ptr<config::Configuration>)> done) override {
    done(configurations[version]);
  }
  void send(const std::string& peer, const char* name, const std::string& body) override {
    sent.push_back({peer, name, body});
  }
  void announce_log(BuildId, int, int, const LogState::Extent& extent) override {
    announced.push_back(extent.size_bytes);
  }
  void move_logs(BuildId build, const std::map<std::pair<int, int>, LogState>&) override {
    moved.push_back(build.value);
  }
  void reload(const std::string& reason) override { ADD_FAILURE() << "reload: " << reason; }
  std::string nonce() override { return "nonce" + std::to_string(++nonces); }
  MonoTime now() override { return time; }
  std::int64_t wall_ms() override { return 5000; }
  const store::Keys& keys() override { return keys_; }

  std::deque<TestCall> commits, appends;
  std::deque<Sent> sent;
  std::vector<std::int64_t> announced, moved;
  std::map<std::string, std::map<std::string, std::string>> hashes;  ///< by whole key
  std::map<std::string, Texts> sets;
  std::map<ConfigVersion, std::shared_ptr<config::Configuration>> configurations;
  MonoTime time{1'000'000ms};
  int nonces = 0;

 private:
  store::Keys keys_{"{t}:"};
};

/// A core over a configuration, and what a store and its workers say to it.
class TestDispatcher {
 public:
  static constexpr std::int64_t kVersion = 7;
  static constexpr int kMaxAttempts = 3;

  explicit TestDispatcher(const std::string& configuration_text, std::vector<LoadedRequest> open = {})
      : configuration(config::evaluated(configuration_text)),
        core(effects, {"0123456789abcdef", 30s, 5s, 5s, kMaxAttempts}, configuration, ConfigVersion{kVersion},
             std::move(open)) {
    effects.configurations[ConfigVersion{kVersion}] = configuration;
  }

  /// The next call that nobody has answered; it has to be this one.
  TestCall commit(const std::string& function) { return take(effects.commits, function); }
  TestCall append() { return take(effects.appends, "log_append"); }
  /// The next message to anybody; it has to be this kind and go to this peer.
  template <class M>
  M message(const std::string& peer) {
    if (effects.sent.empty()) {
      ADD_FAILURE() << "no " << M::kName << " for " << peer;
      return {};
    }
    const auto first = effects.sent.front();
    effects.sent.pop_front();
    EXPECT_EQ(first.name, M::kName);
    EXPECT_EQ(first.peer, peer);
    auto out = wire::decode<M>(first.body);
    if (!out) {
      ADD_FAILURE() << out.error().text;
      return {};
    }
    return *out;
  }
  /// Neither a call nor a message waits to be taken.
  bool quiet() const { return effects.commits.empty() && effects.appends.empty() && effects.sent.empty(); }

  /// A message of `worker` from its connection `peer`, as the service brings it.
  template <class M>
  void say(const std::string& peer, const std::string& worker, const M& message) {
    core.on_message(peer, worker, M::kName, wire::encode(message));
    core.match();
  }

  /// Says hello from the connection "<worker>@<session>" and is welcomed.
  wire::Welcome connect(const std::string& worker, std::int64_t session, std::vector<wire::Claim> held = {},
                        json::Array states = {}, json::Array orphans = {}) {
    const auto peer = peer_of(worker, session);
    say(peer, worker, hello("instance" + std::to_string(session), std::move(held)));
    commit("worker_hello").ok(json::Array{session, std::move(states), std::move(orphans), ""});
    return message<wire::Welcome>(peer);
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
    core.on_event(event);
    core.match();
  }

  /// Takes the offer of `id` that the core has asked the store for, gives it to the `index`th worker
  /// asked, and takes the message to it.
  wire::Offer offered(std::int64_t id, const std::string& peer, int index = 1,
                      const std::string& slot = "a") {
    const auto call = commit("offer");
    EXPECT_EQ(call.args.at(4), std::to_string(id));
    call.ok(json::Array{index, slot});
    return message<wire::Offer>(peer);
  }
  /// The same, accepted: build `build` runs on `worker`. @return its claim
  wire::Claim running(std::int64_t id, std::int64_t build, const std::string& worker, std::int64_t session) {
    const auto peer = peer_of(worker, session);
    const auto claim = offered(id, peer).claim;
    say(peer, worker, wire::Accept{SessionId{session}, claim});
    commit("accept").ok(json::Array{build, 1, 900, 1});
    EXPECT_EQ(message<wire::Accepted>(peer).build.value, build);
    return claim;
  }

  TestEffects effects;
  std::shared_ptr<config::Configuration> configuration;
  Core core;

 private:
  static TestCall take(std::deque<TestCall>& calls, const std::string& function) {
    if (calls.empty()) {
      ADD_FAILURE() << "no call of " << function;
      return {};
    }
    auto first = std::move(calls.front());
    calls.pop_front();
    EXPECT_EQ(first.function, function);
    return first;
  }
};

/// The workers that an offer names, in order.
inline Texts workers_of(const TestCall& offer) {
  Texts out;
  for (std::size_t i = 4; i + 4 < offer.args.size(); i += 5) out.push_back(offer.args[i + 1]);
  return out;
}

}  // namespace headrace::dispatcher
