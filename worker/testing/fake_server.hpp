// SPDX-License-Identifier: Apache-2.0
// A dispatcher for the worker's tests: one process's memory in place of Redis, the protocol's rules in
// full. It applies report numbers and log bytes as the real one must, and remembers what it was told.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "wire/plan.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::worker::testing {

struct FakeBuild {
  wire::Claim claim;
  wire::BuildPlan plan;
  BuildId id;
  enum class State { offered, running, finished, refused, lost } state = State::offered;
  std::string refusal;
  std::int64_t acked = 0;
  std::vector<wire::StepRecord> steps;  // newest state of each
  Properties properties;
  std::optional<wire::ProgressItem::Finish> finish;
  std::map<std::pair<int, int>, std::string> logs;  // framed bytes
  std::map<std::int64_t, wire::Answer> answers;
  int reports = 0;  // that were applied
  bool cancel = false;
  std::string reason;

  /// Framed text of a log by name; "" when there is none.
  std::string log(int step, const std::string& name) const;
  const wire::StepRecord* step(const std::string& name) const;
};

class FakeServer {
 public:
  using Reply = std::pair<std::string, std::string>;  // name, body

  // What tests say.
  /// Puts a build into the queue. @return its request number
  std::int64_t add(wire::BuildPlan plan);
  void cancel(std::int64_t request, const std::string& reason);
  FakeBuild& build(std::int64_t request) { return builds_.at(request); }
  bool all_finished() const;
  /// Forgets sessions and what was under way, keeps what was committed: a restart.
  void restart() { known_sessions_.clear(); }
  /// The builds are somebody else's now.
  void fence(std::int64_t request) { builds_.at(request).state = FakeBuild::State::lost; }
  /// Answers of functions, by number.
  std::function<wire::Answer(const wire::Question&)> on_question;

  std::int64_t lease_ms = 30'000;
  std::int64_t heartbeat_ms = 5'000;
  int slots = 2;
  bool acknowledges = true;  ///< false: reports are thrown away
  int hellos = 0;
  std::vector<std::string> errors;  ///< rules that the worker broke

  // The network.
  std::vector<Reply> on_message(const std::string& name, const std::string& body);
  /// What is sent without being asked: offers.
  std::vector<Reply> offers();
  std::optional<SessionId> session() const { return session_; }
  std::string goodbye;

 private:
  bool is_stranger(const std::string& name, const std::string& body, std::vector<Reply>& out);
  /// Whether the message has this name; it is decoded and taken then.
  template <class M>
  bool took(const std::string& name, const std::string& body, std::vector<Reply>& out);
  void on(const wire::Hello& m, std::vector<Reply>& out);
  void on(const wire::Ready& m, std::vector<Reply>& out);
  void on(const wire::Accept& m, std::vector<Reply>& out);
  void on(const wire::Refuse& m, std::vector<Reply>& out);
  void on(const wire::Report& m, std::vector<Reply>& out);
  void on(const wire::Question& m, std::vector<Reply>& out);
  void on(const wire::Heartbeat& m, std::vector<Reply>& out);
  void on(const wire::Goodbye& m, std::vector<Reply>& out);
  wire::HeldState held_state(const wire::Claim& claim);
  bool logs_are_whole(FakeBuild& b, const wire::Report& m, wire::Reported& answer);
  void apply(FakeBuild& b, const wire::Report& m);
  FakeBuild* find(const wire::Claim& claim);

  std::map<std::int64_t, FakeBuild> builds_;
  std::int64_t last_request_ = 0;
  std::int64_t last_build_ = 0;
  std::int64_t last_session_ = 0;
  std::int64_t last_nonce_ = 0;
  std::optional<SessionId> session_;
  std::set<std::int64_t> known_sessions_;
  int free_slots_ = 0;
};

}  // namespace headrace::worker::testing
