// SPDX-License-Identifier: Apache-2.0
// Requests and buildsets as Redis has them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/read.hpp"
#include "store/state/listed.hpp"
#include "store/transitions/buildset.hpp"
#include "wire/records.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::store {

struct Request {
  RequestId id;
  RequestState state = RequestState::pending;
  std::string builder;
  BuildsetId buildset;
  std::int64_t priority = 0;
  std::int64_t submitted_ms = 0;
  int attempts = 0;  ///< builds so far
  // of one that is offered or running
  std::string nonce;
  std::string worker;
  SessionId session;
  std::string directory;  ///< the slot on the worker
  ConfigVersion config;   ///< it was offered with
  BuildId build;          ///< the running one, or the one that completed the request; 0: none
  std::optional<std::string> cancel_reason;  ///< set: a cancel of the running build is wanted
  // of one that is complete
  std::optional<Results> results;
  std::int64_t complete_ms = 0;

  wire::Claim claim() const { return {id, nonce}; }
};

/// Nothing when there is no such request (any more).
Read<std::optional<Request>> request(RequestId id);
Read<Listed<Request>> requests(RequestId from, RequestId to);

struct StoredBuildset {
  wire::Buildset set;              ///< with its id, the ids of its requests, and the time it was submitted
  std::optional<Results> results;  ///< when complete
  std::int64_t complete_ms = 0;
};
Read<std::optional<StoredBuildset>> buildset(BuildsetId id);
Read<Listed<StoredBuildset>> buildsets(BuildsetId from, BuildsetId to);

struct OpenRequests {
  wire::Cursor head;  ///< the list includes everything up to here
  struct One {
    Request request;
    std::shared_ptr<const wire::Buildset> set;  ///< shared by its requests; never null
    bool orphan = false;                        ///< its session is not its worker's current one
  };
  std::vector<One> requests;            ///< by id
  std::vector<std::string> complaints;  ///< about buildsets that cannot be read
};
/// Every request that is not complete.
Read<OpenRequests> open_requests();
/// How many there are.
Read<std::int64_t> count_open_requests();

}  // namespace headrace::store
