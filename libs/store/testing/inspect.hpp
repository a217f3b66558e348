// SPDX-License-Identifier: Apache-2.0
// What only tests look at.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "store/testing/raw_client.hpp"

namespace headrace::store::testing {

/// What is kept for what is under way, by name: how much of it there is. Empty when everything has ended and
/// every worker has said goodbye.
inline std::map<std::string, std::int64_t> leftovers(RawClient& redis,
                                                     const std::vector<std::string>& workers) {
  std::map<std::string, std::int64_t> out;
  const auto look = [&](const std::string& key, const char* count) {
    if (const auto left = redis.command({count, redis.keys()(key)}).integer) out[key] = left;
  };
  for (const auto& worker : workers) look("slots:" + worker, "HLEN");
  look("offers", "ZCARD");
  look("open", "ZCARD");
  look("leases", "ZCARD");
  look("waiting", "SCARD");
  look("due", "HLEN");
  return out;
}

/// How many lists of changes wait for a timer.
inline std::int64_t waiting_lists(RawClient& redis) {
  return redis.command({"SCARD", redis.keys()("waiting")}).integer;
}

/// Whether a build is kept as a running one.
inline bool is_running(RawClient& redis, BuildId build) {
  return redis.command({"EXISTS", redis.keys()("build", build.value)}).integer != 0;
}

/// A slot of a worker: its directory, and the request that it is kept for.
struct Slot {
  std::string worker, directory;
  RequestId request;
};
inline std::vector<Slot> slots(RawClient& redis, const std::vector<std::string>& workers) {
  std::vector<Words> questions;
  for (const auto& worker : workers) questions.push_back({"HGETALL", redis.keys()("slots", worker)});
  const auto answers = redis.pipeline(questions);
  std::vector<Slot> out;
  for (std::size_t w = 0; w < workers.size(); ++w)
    for (std::size_t i = 0; i + 1 < answers[w].items.size(); i += 2)
      out.push_back({workers[w], answers[w].items[i].text, {std::stoll(answers[w].items[i + 1].text)}});
  return out;
}

}  // namespace headrace::store::testing
