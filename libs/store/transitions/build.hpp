// SPDX-License-Identifier: Apache-2.0
// A request's way to its end, and back when a claim fails: functions/build.lua. The nonce of the offer is
// the fence: whoever writes must know the current one.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "clock/clock.hpp"
#include "json/value.hpp"
#include "store/call.hpp"
#include "wire/records.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::store {

/// Takes the first pair that holds: the request is pending, the session current, a slot free.
/// Refused: none (no pair holds), config.
struct Offer {
  static constexpr std::string_view kFunction = "offer";
  struct Pair {
    RequestId request;
    std::string worker;
    SessionId session;
    int slots = 1;           ///< of the worker, 1 to 10,000
    int max_per_worker = 1;  ///< builds of this builder on one worker, 1 to 1,000
  };
  ConfigVersion version;
  milliseconds expiry{5000};  ///< on the lease clock
  std::string nonce;          ///< 32 hex digits
  std::vector<Pair> pairs;    ///< best first, 1 to kMaxOfferPairs

  struct Answer {
    std::size_t pair = 0;   ///< index in `pairs`
    std::string directory;  ///< the slot: "<builder>", "<builder>~2" …
  };
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// The worker's yes: the build exists from here on. A repeat answers the same.
/// Refused: fenced, session.
struct Accept {
  static constexpr std::string_view kFunction = "accept";
  wire::Claim claim;
  std::string worker;
  SessionId session;
  wire::Build build;  ///< as it starts

  struct Answer {
    BuildId build;
    std::int64_t number = 0;
    std::int64_t started_ms = 0;
    int attempt = 0;
  };
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// An offer goes back to the queue. Refused: fenced, early (expired and orphan are checked).
struct Release {
  static constexpr std::string_view kFunction = "release";
  enum class Why {
    refused,  ///< by its worker
    expired,  ///< on the lease clock
    orphan,   ///< the worker has another session by now, or is lost
  };
  wire::Claim claim;
  Why why = Why::refused;

  using Answer = Done;
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// Applies exactly the next report of a build; a repeat answers without applying.
/// Refused: fenced, gap, bad.
struct Progress {
  static constexpr std::string_view kFunction = "progress";
  struct Step {
    wire::StepRecord record;  ///< finished when it has results
  };
  struct Properties {
    headrace::Properties all;
  };
  struct Finish {
    wire::Build build;  ///< whole, with its results (never RETRY)
  };
  using Item = std::variant<Step, Properties, Finish>;
  wire::Claim claim;
  std::int64_t sequence = 0;  ///< of the report, from 1
  std::vector<Item> items;    ///< at most kMaxItemsPerReport; Finish only as the last

  struct Answer {
    std::int64_t sequence = 0;  ///< last one applied
    bool ended = false;         ///< by this call
  };
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// The worker of a running build is gone. The function decides the verdict: cancelled when that was wanted,
/// EXCEPTION after too many attempts, else RETRY and back to the queue.
/// Refused: fenced, early (the session is current), stale (`build.results` is not that verdict).
struct BuildLost {
  static constexpr std::string_view kFunction = "build_lost";
  wire::Claim claim;
  int max_attempts = 5;
  wire::Build build;  ///< closed, with the results that the caller expects

  using Answer = Results;
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// Stores the answer to a build's question; the first writer wins. Refused: fenced.
struct StoreAnswer {
  static constexpr std::string_view kFunction = "answer";
  wire::Claim claim;
  std::int64_t question = 0;  ///< number in its build, from 1
  json::Object answer;

  using Answer = json::Value;  ///< the stored one
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

}  // namespace headrace::store
