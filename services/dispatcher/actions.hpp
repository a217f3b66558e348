// SPDX-License-Identifier: Apache-2.0
// The actions of the core, and the answers to them.
//
// An answer names the ticket of its action. The class Actions keeps the function that continues with the
// answer for every ticket. So the parts of the core are written in the order in which things happen, and the
// core still has nothing but inputs and actions. An answer must not reach a later core than the one that
// asked.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "clock/clock.hpp"
#include "config/configuration.hpp"
#include "dispatcher/active_build.hpp"
#include "store/call.hpp"
#include "store/state/build.hpp"
#include "store/state/worker.hpp"
#include "store/transitions/log.hpp"
#include "wire/codec.hpp"

namespace headrace::dispatcher {

/// The number of an action whose answer somebody waits for; 0: nobody waits.
using Ticket = std::int64_t;

/// A message to the worker behind this connection.
struct Send {
  std::string peer;
  const char* name;  ///< name of the message's type
  std::string body;
};
/// A transition in the next batch.
struct Commit {
  store::Call call;
  Ticket ticket = 0;
};
/// A call of the function log_append, on the connection for logs.
struct AppendLog {
  store::Call call;
  Ticket ticket = 0;
};

// Questions to the store, each with the type of its answer.
struct ClaimOf {
  RequestId request;
  BuildId build;  ///< 0: not known, which takes a second round trip
  using Answer = std::optional<store::Claimed>;
};
struct ChangesOf {
  std::vector<ChangeId> ids;
  using Answer = std::vector<wire::Change>;
};
struct SlotsOf {
  std::string worker;
  using Answer = std::vector<RequestId>;
};
struct SessionOf {
  std::string worker;
  using Answer = std::optional<store::Worker>;
};
/// The reads that answer these questions.
inline auto read_of(const ClaimOf& q) { return store::claim(q.request, q.build); }
inline auto read_of(const ChangesOf& q) { return store::changes(q.ids); }
inline auto read_of(const SlotsOf& q) { return store::claims_of_worker(q.worker); }
inline auto read_of(const SessionOf& q) { return store::worker(q.worker); }
struct Ask {
  std::variant<ClaimOf, ChangesOf, SlotsOf, SessionOf> question;
  Ticket ticket = 0;
};

/// The evaluated configuration of an older version.
struct WantConfiguration {
  ConfigVersion version;
  Ticket ticket = 0;
};
/// The committed size of a log, for pages and commands that follow the log.
struct AnnounceLog {
  BuildId build;
  store::LogName log;
  store::LogExtent extent;
};
/// The build has ended: the logs that Redis has of it can go to the log store.
struct MoveLogs {
  BuildId build;
  std::map<store::LogName, std::int64_t> sizes;
  std::int64_t started_ms = 0;  ///< of the build; 0: Redis is asked
};

using Action = std::variant<Send, Commit, AppendLog, Ask, WantConfiguration, AnnounceLog, MoveLogs>;

/// The answer that comes with a ticket.
using Answer = std::variant<store::Reply, ClaimOf::Answer, ChangesOf::Answer, SlotsOf::Answer,
                            SessionOf::Answer, ConfigurationPtr>;

class Actions {
 public:
  template <class M>
  void send(const std::string& peer, const M& message) {
    list_.push_back(Send{peer, M::kName, wire::encode(message)});
  }
  /// @param then  takes the transition's Outcome
  template <class Transition, class F>
  void commit(const Transition& transition, F then) {
    list_.push_back(Commit{transition.call(), outcome_ticket<Transition>(std::move(then))});
  }
  template <class Transition>
  void commit(const Transition& transition) {
    list_.push_back(Commit{transition.call(), 0});
  }
  template <class F>
  void append_log(const store::LogAppend& append, F then) {
    list_.push_back(AppendLog{append.call(), outcome_ticket<store::LogAppend>(std::move(then))});
  }
  /// @param then  takes the question's Answer
  template <class Q, class F>
  void ask(Q question, F then) {
    list_.push_back(Ask{std::move(question), ticket<typename Q::Answer>(std::move(then))});
  }
  /// @param then  takes a ConfigurationPtr; null when the version cannot be had
  template <class F>
  void want_configuration(ConfigVersion version, F then) {
    list_.push_back(WantConfiguration{version, ticket<ConfigurationPtr>(std::move(then))});
  }
  void announce_log(AnnounceLog announce) { list_.push_back(std::move(announce)); }
  void move_logs(MoveLogs move) { list_.push_back(std::move(move)); }

  std::vector<Action> take() { return std::exchange(list_, {}); }

  /// Calls the function that waits for this answer. Each ticket is answered once.
  void answer(Ticket ticket, Answer answer) {
    if (auto waiting = waiting_.extract(ticket)) waiting.mapped()(answer);
  }

 private:
  template <class T, class F>
  Ticket ticket(F then) {
    waiting_[++last_] = [then = std::move(then)](Answer& answer) mutable {
      then(std::move(std::get<T>(answer)));
    };
    return last_;
  }
  template <class Transition, class F>
  Ticket outcome_ticket(F then) {
    return ticket<store::Reply>(
        [then = std::move(then)](store::Reply reply) mutable { then(Transition::read(reply)); });
  }

  std::vector<Action> list_;
  Ticket last_ = 0;
  std::map<Ticket, std::function<void(Answer&)>> waiting_;
};

}  // namespace headrace::dispatcher
