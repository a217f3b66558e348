// SPDX-License-Identifier: Apache-2.0
// Requests and builds as Redis has them, for commands. docs/protocol.md, "What lives in Redis".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/client.hpp"
#include "wire/records.hpp"

namespace headrace::cli {

struct Request {
  std::int64_t id = 0;
  std::string state;  ///< pending, offered, running, complete
  std::string builder;
  std::string worker;      ///< while offered or running
  std::int64_t build = 0;  ///< the running one, or the one that completed it; 0: none
  std::int64_t buildset = 0;
  std::int64_t priority = 0;
  std::int64_t submitted_ms = 0;
  std::optional<std::int64_t> results;  ///< when complete
};

std::optional<Request> read_request(store::BlockingClient& store, std::int64_t id);
/// Every request that is not complete, oldest first.
std::vector<Request> open_requests(store::BlockingClient& store);

/// A running or finished build, with `id`, `number` and `attempt` filled in; `complete_ms` and `results`
/// tell which. Nothing when there is no such build (any more).
std::optional<wire::Build> read_build(store::BlockingClient& store, std::int64_t id);
/// The build of `builder` with this number, searched from the newest build on.
std::optional<wire::Build> find_build(store::BlockingClient& store, const std::string& builder,
                                      std::int64_t number);
/// "17" (a build id) or "kernel#3" (a builder's number). Throws UsageError for anything else, and
/// std::runtime_error when there is no such build.
wire::Build build_of_word(store::BlockingClient& store, const std::string& word);

/// Text of a hash field or key; throws on an error of Redis.
std::string text_of(store::BlockingClient& store, const std::vector<std::string>& words);
std::int64_t number_of(const std::string& text);  ///< 0 for what is no number

}  // namespace headrace::cli
