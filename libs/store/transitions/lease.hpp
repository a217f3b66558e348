// SPDX-License-Identifier: Apache-2.0
// Leases of workers and of roles, and the clocks they run on: functions/lease.lua.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clock/clock.hpp"
#include "store/call.hpp"
#include "wire/records.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::store {

/// Workers' leases run on a clock that dispatchers tick, roles on one that every service ticks.
enum class LeaseClock { workers, roles };

/// Moves a lease clock on, by at most 2 s and never backwards.
struct Tick {
  static constexpr std::string_view kFunction = "tick";
  LeaseClock clock = LeaseClock::roles;

  struct Answer {
    std::int64_t clock_ms = 0;       ///< of the lease clock
    wire::Cursor head;               ///< end of the event log
    std::vector<RequestId> expired;  ///< offers; only for `workers`, at most 200
    std::vector<std::string> lost;   ///< workers whose lease has run out; the same
    std::int64_t now_ms = 0;         ///< Redis's wall clock
  };
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// A worker says hello: a new session, to which the claims that the worker still holds move.
/// Refused: late (a later hello of this life came before), held (another life has the worker's place, and is
/// there).
struct WorkerHello {
  static constexpr std::string_view kFunction = "worker_hello";
  std::string worker;
  std::string instance;    ///< of the worker's process, 16 hex digits
  std::string dispatcher;  ///< instance that it said hello to
  milliseconds lease{30'000};
  wire::WorkerInfo info;
  std::vector<wire::Claim> held;  ///< at most kMaxHeldClaims
  std::int64_t number = 0;        ///< of the hello in its life; 0: not numbered
  std::string replaces;           ///< instance of a life that is certainly over; "": none

  struct Held {
    enum class State { fenced, offered, running } state = State::fenced;
    BuildId build;  ///< of a running one, as are the next two
    std::int64_t number = 0;
    std::int64_t sequence = 0;                 ///< last report applied
    std::optional<std::string> cancel_reason;  ///< set: the build is to be cancelled
  };
  struct Answer {
    SessionId session;       ///< 0: another life has the place and is asked whether it is there
    std::vector<Held> held;  ///< one a claim, in order
    /// What else Redis gives to this worker: to be released or declared lost once it has spoken.
    std::vector<RequestId> orphans;
    std::string superseded;  ///< instance of another process that had the session; "": none
  };
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// Renews the leases of workers that have spoken in these sessions.
struct WorkerRenew {
  static constexpr std::string_view kFunction = "worker_renew";
  milliseconds lease{30'000};
  std::vector<std::pair<std::string, SessionId>> sessions;  ///< 1 to kMaxRenewals

  using Answer = std::vector<bool>;  ///< in order; false: the session is no longer the current one
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// The worker has answered a challenge and keeps its place.
/// Refused: session (it has another one), stale (there is no such challenge any more).
struct WorkerAnswers {
  static constexpr std::string_view kFunction = "worker_answers";
  std::string worker;
  SessionId session;
  std::int64_t challenge = 0;

  using Answer = Done;
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// Ends a session: what the worker held are orphans from now on.
/// Refused: session (a newer one), early (the lease holds).
struct WorkerGone {
  static constexpr std::string_view kFunction = "worker_gone";
  enum class Why { expired, goodbye };
  std::string worker;
  SessionId session;
  Why why = Why::goodbye;

  using Answer = std::vector<RequestId>;  ///< the orphans
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// Takes a free or expired role, or renews one's own. Refused: held (by another).
struct RoleHold {
  static constexpr std::string_view kFunction = "role_hold";
  std::string role;
  std::string owner;
  milliseconds lease{10'000};

  struct Answer {
    std::int64_t term = 0;
    bool taken = false;  ///< just now
  };
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

/// Refused: held (not by this owner).
struct RoleRelease {
  static constexpr std::string_view kFunction = "role_release";
  std::string role;
  std::string owner;

  using Answer = Done;
  Call call() const;
  static Outcome<Answer> read(const Reply& reply);
};

}  // namespace headrace::store
