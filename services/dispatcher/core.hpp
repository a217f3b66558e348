// SPDX-License-Identifier: Apache-2.0
// The dispatcher's decisions: which request is offered to which worker, what a worker's message means,
// what becomes of the builds of a lost worker. Pure: it sees messages, events, replies of the store and
// the time, and acts only through Effects, so that the simulation can run several of them.
//
// Nothing here is the truth. The store's functions check every step again; the core only knows enough to
// ask for the right thing, and forgets everything when it is refused in a way it did not expect.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "clock/clock.hpp"
#include "dispatcher/active_build.hpp"
#include "dispatcher/pending_queue.hpp"
#include "store/call.hpp"
#include "store/read.hpp"
#include "wire/event.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::dispatcher {

/// What the core may cause. Callbacks are dropped when the core is thrown away.
class Effects {
 public:
  virtual ~Effects() = default;
  /// A transition in the next batch.
  virtual void commit(store::Call call, std::function<void(store::Reply)> done) = 0;
  /// A call of log_append, on the connection for logs.
  virtual void append_log(store::Call call, std::function<void(store::Reply)> done) = 0;
  virtual void read(std::vector<std::string> words, std::function<void(store::RedisReply)> done) = 0;
  /// The evaluated configuration of a version; null when it cannot be had.
  virtual void configuration(ConfigVersion version,
                             std::function<void(std::shared_ptr<config::Configuration>)> done) = 0;
  virtual void send(const std::string& peer, const char* name, const std::string& body) = 0;
  /// Bytes of a log are committed up to here; for who follows it.
  virtual void announce_log(BuildId build, int step, int log, const LogState::Extent& extent) = 0;
  /// The build has ended: its logs, by (step, log) as far as Redis has them, can go to the log store.
  virtual void move_logs(BuildId build, const std::map<std::pair<int, int>, LogState>& logs) = 0;
  virtual void reload(const std::string& reason) = 0;
  virtual std::string nonce() = 0;  ///< 32 random hex digits
  virtual MonoTime now() = 0;
  virtual std::int64_t wall_ms() = 0;
  virtual const store::Keys& keys() = 0;
};

struct CoreSettings {
  std::string instance;           ///< of this dispatcher
  milliseconds lease{30'000};     ///< of a worker
  milliseconds heartbeat{5'000};  ///< between heartbeats
  milliseconds offer{5'000};      ///< until an offer that is not accepted goes back
  int max_attempts = 5;           ///< builds of one request, then EXCEPTION
};

/// A request as it was found in the store when the core was loaded.
struct LoadedRequest {
  OpenRequest request;
  std::string state;    ///< "pending", "offered", "running"
  bool orphan = false;  ///< its session is not its worker's current one
};

class Core {
 public:
  Core(Effects& effects, CoreSettings settings, std::shared_ptr<config::Configuration> configuration,
       ConfigVersion version, std::vector<LoadedRequest> open);

  /// One message of a worker. @param user  who the key says it is
  void on_message(const std::string& peer, const std::string& user, const std::string& name,
                  const std::string& body);
  void on_event(const wire::Event& event);
  /// After a run of messages or events: offers what can be offered, if any of them can have changed that.
  void match();
  /// When the time of a request that was put aside has come.
  void match_anew();
  /// The worker's key is no longer allowed: its session ends and its builds go back.
  void dismiss(const std::string& worker);
  /// Once a second.
  void on_tick();
  void on_configuration(std::shared_ptr<config::Configuration> configuration, ConfigVersion version);

  std::size_t pending_count() const { return queue_.pending_count(); }
  std::size_t running_count() const { return builds_.size(); }
  std::size_t worker_count() const { return links_.size(); }
  /// When match() should be called again for requests that were put aside.
  std::optional<MonoTime> next_match() const { return queue_.next_delay(); }

 private:
  /// A worker that said hello here.
  struct Link {
    std::string peer;
    std::string instance;
    SessionId session;
    int slots = 0;       ///< that the welcome gave it
    int free_slots = 0;  ///< as it said last
    bool welcomed = false;
    bool heard = true;      ///< since the last renewal
    MonoTime not_before{};  ///< of the next offer, after a refusal
    std::set<RequestId> claims;
    std::map<std::string, int> per_builder;
    int reserved = 0;  ///< offers on their way to the store
  };

  // links.cpp: hello, heartbeats, leases
  void on_hello(const std::string& peer, const std::string& user, wire::Hello hello);
  void welcome(const std::string& user, wire::Hello hello, const json::Value& answer);
  void on_heartbeat(Link& link, const wire::Heartbeat& message);
  void on_goodbye(const std::string& user, Link& link, const wire::Goodbye& message);
  void renew_leases();
  void renew(std::vector<std::pair<std::string, SessionId>> asked);
  void drop_link(const std::string& worker);
  Link* current_link(const std::string& peer, const std::string& user, SessionId session);
  template <class M>
  void send(const std::string& peer, const M& message);
  template <class M>
  std::optional<M> decode(const std::string& user, const std::string& body);

  // offers.cpp: matching, offer, accept
  bool offer(RequestId id);
  void on_offered(RequestId id, const std::string& nonce, const std::vector<std::string>& workers,
                  store::Reply reply);
  void give_up(std::shared_ptr<ActiveBuild> build, const std::string& reason);
  void on_accept(const std::string& user, Link& link, const wire::Accept& message);
  void on_refuse(const std::string& user, Link& link, const wire::Refuse& message);
  std::shared_ptr<ActiveBuild> add_claim(const std::string& worker, wire::Claim claim,
                                         const std::string& builder);
  void remove_claim(RequestId id);
  std::shared_ptr<ActiveBuild> find_claim(const wire::Claim& claim);

  // progress.cpp: reports, logs, questions
  void on_report(Link& link, wire::Report report);
  bool take_log(const std::shared_ptr<ActiveBuild>& build, wire::LogPiece piece);
  void resync(const std::string& worker, const std::string& reason);
  void apply_waiting(const std::shared_ptr<ActiveBuild>& build);
  bool logs_committed(const ActiveBuild& build, wire::Report& report);
  void commit_report(const std::shared_ptr<ActiveBuild>& build, const wire::Report& report);
  void end_with_exception(const std::shared_ptr<ActiveBuild>& build, std::int64_t sequence,
                          const std::string& reason);
  void acknowledge(const ActiveBuild& build, bool finished, std::vector<wire::LogPosition> logs);
  void on_question(Link& link, const wire::Question& question);
  void answer(const std::shared_ptr<ActiveBuild>& build, const wire::Question& question,
              const std::vector<wire::Change>& changes);

  // orphans.cpp: adopting and giving back
  void adopt(const std::string& worker, const wire::Claim& claim,
             std::function<void(std::shared_ptr<ActiveBuild>)> done);
  void check_claim(RequestId id);
  void settle(RequestId id);
  void settle_running(RequestId id, const std::map<std::string, std::string>& fields);
  void sweep(const std::string& worker);
  void read_hash(const std::string& key, std::function<void(std::map<std::string, std::string>)> done);
  void read_logs(BuildId build, std::function<void(std::map<std::pair<int, int>, LogState>)> done);
  void read_buildset(BuildsetId id, std::function<void(std::shared_ptr<const wire::Buildset>)> done);

  Effects& effects_;
  CoreSettings settings_;
  std::shared_ptr<config::Configuration> configuration_;
  ConfigVersion version_;
  PendingQueue queue_;
  std::map<std::string, Link> links_;
  std::map<RequestId, std::shared_ptr<ActiveBuild>> builds_;
  std::map<std::string, MonoTime> sweeps_;  ///< workers to look at, when
  MonoTime renewed_{};
  bool match_wanted_ = true;  ///< something has changed since the last match that may allow an offer
};

}  // namespace headrace::dispatcher
