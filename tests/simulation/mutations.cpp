// SPDX-License-Identifier: Apache-2.0
#include "simulation/mutations.hpp"

#include "logchunk/chunk.hpp"
#include "store/testing/harm.hpp"
#include "store/testing/transition_of.hpp"
#include "store/transitions/build.hpp"
#include "wire/codec.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::simulation {

std::optional<wire::Claim> claim_that_ends(const store::Call& call) {
  if (!call.is<store::Progress>()) return {};
  const auto report = store::testing::transition_of<store::Progress>(call);
  if (report.items.empty() || !std::holds_alternative<store::Progress::Finish>(report.items.back()))
    return {};
  return report.claim;
}

std::function<void(store::Reply)> end_twice(Environment& env, const store::Call& call,
                                            std::function<void(store::Reply)> done) {
  if (std::exchange(env.mutated, true)) return done;
  const auto report = store::testing::transition_of<store::Progress>(call);
  auto build = store::testing::Resurrection(env.store.raw(), report.claim, report.sequence);
  return [&env, call, build, done](store::Reply r) mutable {
    if (r.ok) {
      build.begin();
      env.publish(env.store.commit(std::vector{call}).front().events);
      build.end();
    }
    done(std::move(r));
  };
}

void skip_attempt(Environment& env, const store::Call& call) {
  if (!call.is<store::Accept>() || std::exchange(env.mutated, true)) return;
  store::testing::count_attempt(env.store.raw(),
                                store::testing::transition_of<store::Accept>(call).claim.request);
}

std::string without_cancels(const std::string& name, const std::string& body) {
  if (name == wire::HeartbeatReply::kName) {
    auto message = wire::decode<wire::HeartbeatReply>(body).value();
    for (auto& wanted : message.wanted) wanted.cancel = false;
    return wire::encode(message);
  }
  if (name == wire::Welcome::kName) {
    auto message = wire::decode<wire::Welcome>(body).value();
    for (auto& held : message.held) held.cancel = false;
    return wire::encode(message);
  }
  return body;
}

std::string without_number(const std::string& name, const std::string& body) {
  if (name != wire::Hello::kName) return body;
  auto message = wire::decode<wire::Hello>(body).value();
  message.number = 0;
  return wire::encode(message);
}

std::string with_endless_lease(const std::string& name, const std::string& body) {
  if (name != wire::Welcome::kName) return body;
  auto message = wire::decode<wire::Welcome>(body).value();
  message.lease_ms *= 1000;
  return wire::encode(message);
}

std::string with_changed_log(const std::string& report) {
  auto message = wire::decode<wire::Report>(report);
  if (!message || message->logs.empty()) return report;
  auto& piece = message->logs.front();
  auto chunk = logchunk::decode(piece.chunk);
  if (!chunk) return report;  // spoilt already
  for (auto& c : chunk->text)
    if (c == 'q') {
      c = 'Q';
      break;
    }
  piece.chunk = logchunk::encode(chunk->text, chunk->lines, chunk->times);
  return wire::encode(*message);
}

bool asks_for_level(Environment& env, const store::Round& round) {
  return store::testing::asks_for_time(round) || store::testing::asks_for_head(round, env.store.keys());
}

std::vector<store::RedisReply> level_long_past(Environment& env, const store::Round& round) {
  if (store::testing::asks_for_time(round)) return env.store.execute(round);
  return {store::testing::head_of_an_empty_log()};
}

void spoil(wire::Report& report) {
  bool any_step = false;
  for (auto& item : report.items)
    if (item.step) item.step->number = -1, any_step = true;
  if (!any_step)
    for (auto& piece : report.logs) piece.chunk = "no chunk";
}

bool spoil_the_end(Environment& env) {
  switch (env.mutation) {
    case Mutation::request_done_twice:
      store::testing::put_back(env.store.raw(), RequestId{1});
      return true;
    case Mutation::event_lost:
      store::testing::lose_event(env.store.raw(), EventNumber{1});
      return true;
    case Mutation::offer_left:
      store::testing::leave_offer(env.store.raw(), RequestId{1});
      return true;
    default:
      return false;
  }
}

}  // namespace headrace::simulation
