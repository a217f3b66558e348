// SPDX-License-Identifier: Apache-2.0
// The worker, decided: which messages to send, which commands to run, for every message, output, exit
// and instant. No sockets, threads, processes or clocks: several of them run in one process of the
// simulation (tests/simulation).
//
// It holds the whole plan of every build it has accepted and runs it alone; it goes on while nobody
// answers, keeps what it has to say (ProgressOutbox), and on a new welcome goes on from what the server has.
// Nothing starts before `accepted`.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/worker_protocol.hpp"
#include "worker/core/actions.hpp"
#include "worker/core/build_run.hpp"
#include "worker/core/worker_session.hpp"

namespace headrace::worker {

struct CoreSettings {
  std::string instance;  ///< random, 16 hex digits: this life of the process
  std::string replaces;  ///< instance of an earlier life that is certainly over; "": none
  wire::WorkerInfo info;
  Machine machine;
  /// Unacknowledged bytes over all builds (compressed logs mostly) from which on no output is read.
  std::size_t spool_bytes = 32u << 20;
  /// Of one build, sent and not acknowledged.
  std::size_t window_bytes = 4u << 20;
  std::uint64_t seed = 1;  ///< of the jitter
};

/// A clean stop takes no longer: what the launcher has not killed by then it kills when the worker ends.
inline constexpr milliseconds kStopGrace{3000};

/// What the worker says of itself on /healthz and /metrics.
struct CoreStatus {
  bool connected = false;
  std::string name;  ///< as the server knows it
  SessionId session;
  int slots = 0;
  int builds = 0;  ///< held
  std::size_t spool_bytes = 0;
  bool spool_full = false;
  std::int64_t builds_finished = 0;
  std::int64_t commands_started = 0;
  std::int64_t output_bytes = 0;
  std::int64_t reconnects = 0;
};

class WorkerCore {
 public:
  explicit WorkerCore(CoreSettings settings);
  WorkerCore(const WorkerCore&) = delete;
  WorkerCore& operator=(const WorkerCore&) = delete;

  // ---- inputs; after each take_actions() and next_wake() ----
  void on_started(Now now);
  /// A message of the dispatcher: its name and body.
  void on_message(std::string_view name, std::string_view body, Now now);
  /// What the launcher says of a command.
  void on_command(ExecId exec, const CommandInput& input, Now now);
  void on_timer(Now now);
  /// The connection to the server broke, so it is not only silent.
  void on_disconnected(Now now);
  /// End cleanly: kill the commands, say goodbye, then Quit comes (within kStopGrace).
  void on_stop(const std::string& reason, Now now);

  std::vector<Action> take_actions() { return std::exchange(actions_, {}); }
  /// When on_timer wants to be called at the latest.
  std::optional<MonoTime> next_wake() const;
  bool holds(BuildId build) const;
  /// When the commands of this worker have to be dead if it stands still until then.
  MonoTime lease_end() const { return session_.lease_end(); }

  CoreStatus status() const;

 private:
  enum class Stage { offered, accepted, running };  // accepted: waits for its directory
  struct HeldBuild {
    wire::Claim claim;
    Stage stage = Stage::offered;
    std::unique_ptr<BuildRun> build;
    BuildId id;
    std::int64_t number = 0;
    std::optional<ExecId> exec;  // the build's command, as execs_ knows it
    MonoTime asked{};            // last accept
    MonoTime last_progress{};    // of acknowledgements
    milliseconds patience{1000};
    std::optional<MonoTime> last_rewind;
    bool finish_sent = false;
  };

  void on_welcome(const wire::Welcome& m, Now now);
  void on_rehello(const wire::Rehello& m, Now now);
  void on_offer(const wire::Offer& m, Now now);
  void on_accepted(const wire::Accepted& m, Now now);
  void on_reported(const wire::Reported& m, Now now);
  void on_answer(const wire::Answer& m, Now now);
  void on_heartbeat_reply(const wire::HeartbeatReply& m, Now now);
  void on_probe(const wire::Probe& m, Now now);
  void say_again();

  template <class M>
  void send(const M& message);
  void send_hello(Now now);
  void send_heartbeat(Now now, std::int64_t probe = 0);
  void send_ready();
  void send_accept(HeldBuild& held, Now now);
  void refuse(const wire::Claim& claim, const std::string& reason);

  HeldBuild* find(const wire::Claim& claim);
  /// Keeps execs_ true after a build was given an input.
  void track(HeldBuild& held);
  /// Kills what runs and drops the build without a word.
  void forget(const wire::Claim& claim, const std::string& why);
  void forget_all(const std::string& why);
  void start_waiting(Now now);
  bool directory_is_free(const HeldBuild& held) const;

  /// After every input: sends what is due, reads or pauses, looks whether the stop is complete.
  void after_input(Now now);
  void send_reports(HeldBuild& held, Now now);
  void send_questions(HeldBuild& held, Now now);
  void rewind(HeldBuild& held, Now now);
  void balance_spool(Now now);
  void check_stop(Now now);
  void hold_commands(Now now);
  void pause(ExecId exec, bool paused, Now now);
  int free_slots() const;
  void note(Note::Level level, std::string text) { actions_.push_back(Note{level, std::move(text)}); }

  CoreSettings settings_;
  WorkerSession session_;
  Actions actions_;
  std::int64_t last_exec_ = 0;
  std::map<wire::Claim, HeldBuild> held_;
  std::map<ExecId, wire::Claim> execs_;  // commands of held builds
  std::map<ExecId, std::string> dying_;  // commands of forgotten builds: their directories
  std::string name_;
  int slots_ = 0;
  int announced_slots_ = -1;
  std::set<ExecId> paused_;                 // their output is not read
  std::map<ExecId, StartCommand> waiting_;  // commands that may not start yet
  std::int64_t last_welcomed_ = 0;          // number of the hello that was answered
  SessionId newest_session_;                // of a server that does not number
  bool unanswered_ = false;                 // no welcome since the last Connect
  std::optional<MonoTime> stop_by_;
  std::string stop_reason_;
  bool quit_ = false;
  CoreStatus counts_;
};

}  // namespace headrace::worker
