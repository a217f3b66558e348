// SPDX-License-Identifier: Apache-2.0
#include "simulation/mutations.hpp"

#include "logchunk/chunk.hpp"
#include "wire/codec.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::simulation {

bool is_finish(const store::Call& call) {
  return call.function == "progress" && call.args.size() >= 7 && call.args[call.args.size() - 3] == "finish";
}

std::function<void(store::Reply)> end_twice(Environment& env, const store::Call& call,
                                            std::function<void(store::Reply)> done) {
  if (std::exchange(env.mutated, true)) return done;
  const auto& keys = env.store.keys();
  const auto request = keys("request:" + call.args[0]);
  const auto build = keys("build:" + env.store.command({"HGET", request, "build"}).text);
  std::vector<std::string> put_back = {"HSET", build};
  for (const auto& item : env.store.command({"HGETALL", build}).items) put_back.push_back(item.text);
  return [&env, call, request, build, put_back, done](store::Reply r) {
    if (r.ok) {
      env.store.command({"HSET", request, "state", "running", "nonce", call.args[1]});
      env.store.command(put_back);
      env.store.command({"HSET", build, "sequence", std::to_string(std::stoll(call.args[2]) - 1)});
      env.publish(env.store.call(call).events);
      env.store.command({"HDEL", request, "nonce"});
    }
    done(std::move(r));
  };
}

void skip_attempt(Environment& env, const store::Call& call) {
  if (call.function != "accept" || std::exchange(env.mutated, true)) return;
  env.store.command({"HINCRBY", env.store.keys()("request:" + call.args[0]), "attempts", "1"});
}

std::string with_changed_log(const std::string& report) {
  auto message = wire::decode<wire::Report>(report);
  if (!message || message->logs.empty()) return report;
  auto& piece = message->logs.front();
  auto chunk = logchunk::decode(piece.chunk);
  for (auto& c : chunk->text)
    if (c == 'q') {
      c = 'Q';
      break;
    }
  piece.chunk = logchunk::encode(chunk->text, chunk->lines, chunk->times);
  return wire::encode(*message);
}

bool asks_for_level(const std::vector<std::string>& words, const store::Keys& keys) {
  return words[0] == "TIME" || (words[0] == "HMGET" && words[1] == keys("head"));
}

bool spoil_the_end(Environment& env) {
  const auto& keys = env.store.keys();
  switch (env.mutation) {
    case Mutation::request_done_twice:
      env.store.command({"HSET", keys("request:1"), "state", "pending"});
      env.store.command({"ZADD", keys("open"), "1", "1"});
      return true;
    case Mutation::event_lost:
      env.store.command({"XDEL", keys("events"), "1-0"});
      return true;
    case Mutation::offer_left:
      env.store.command({"ZADD", keys("offers"), "1", "1"});
      return true;
    default:
      return false;
  }
}

}  // namespace headrace::simulation
