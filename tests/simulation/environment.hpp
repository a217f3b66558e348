// SPDX-License-Identifier: Apache-2.0
// What every simulated process stands in: virtual time, chance, the one real Redis, the lossy bus, the
// rates of misfortune, and the deliberate bug of a run that has one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "service/live_config.hpp"
#include "simulation/timeline.hpp"
#include "store/testing/harm.hpp"
#include "store/testing/virtual_redis.hpp"

namespace headrace::simulation {

/// Probabilities, while there is chaos. Drawn anew for every seed; some are 0.
struct Rates {
  double call_lost = 0;           ///< the connection to Redis breaks before or within a batch
  double answer_lost = 0;         ///< … after the batch was executed
  double crash_after_commit = 0;  ///< the process dies between commit and answer
  double bus_drop = 0, bus_double = 0, bus_late = 0;  ///< of an event on its way to one reader
  double message_drop = 0;  ///< a worker message on a connection that lives (a full queue)
  double held_back = 0;     ///< what was on its way on a connection that was left arrives late, and not never
  double publish_lost = 0;  ///< the sender of a change dies before its event is published
  double spoilt = 0;        ///< a worker's reports of a build are wrong from here on
  int slowest_ms = 20;      ///< of one message
  int redis_ms = 2;         ///< of one way to or from Redis, at most
};

/// A bug put in on purpose, to see that the invariant it breaks is really looked at.
enum class Mutation {
  none,
  change_without_key,   ///< a delivery is repeated without its key
  hook_answered_early,  ///< the sender of a push takes it for stored before it is answered
  report_forgotten,     ///< the receiver says yes to a report that it has not got
  request_done_twice,   ///< a completed request is put back by hand
  verdict_twice,        ///< the end of a build is committed a second time, the fence held open by hand
  attempt_skipped,      ///< an attempt is counted that no build belongs to
  event_lost,           ///< an entry is deleted from the stream
  log_byte_changed,     ///< on its way from the worker
  cancel_unheard,       ///< a dispatcher never tells a worker that a build is to be cancelled
  offer_left,           ///< an offer of a request that is complete runs out and nobody takes it away
  slot_stolen,          ///< for a moment a slot is kept for a request that is not there
  started_unasked,      ///< a command runs that belongs to no build
  never_accepted,       ///< the dispatchers' `accepted` never arrives
  timer_unaware,        ///< schedulers believe that they have seen the whole event log when a timer runs out
  loss_unheard,  ///< whoever sent a push does not hear that Redis went back, and does not send it again
  refused_without_end,  ///< a dispatcher does not end the build of a worker whose reports are wrong
  late_hello_counts,    ///< the newest hello wins, however late, and ends what it does not name
  lease_uncounted,      ///< a worker goes on past its lease, and its launcher kills nothing
  version_ignored,      ///< a dispatcher plans and goes on with builds by the version that was first applied
};

/// Redis, in steps of virtual time.
class SimulatedStore {
 public:
  SimulatedStore(store::testing::VirtualRedis& redis, Timeline& timeline)
      : redis_(redis), timeline_(timeline) {}

  std::vector<store::Reply> commit(const std::vector<store::Call>& calls);
  template <class Transition>
  store::Outcome<typename Transition::Answer> commit(const Transition& transition,
                                                     std::vector<wire::Event>* events = nullptr) {
    auto reply = commit(std::vector{transition.call()}).front();
    auto outcome = Transition::read(reply);
    if (events) *events = std::move(reply.events);
    return outcome;
  }
  /// The events after a number: from the event log, or what another reader found there since the last commit.
  std::vector<wire::Event> events_after(EventNumber after, std::size_t limit);
  template <class T>
  T read(const store::Read<T>& question) {
    set_clock();
    return redis_.read(question);
  }
  /// The answers to one round of a read.
  std::vector<store::RedisReply> execute(const store::Round& round) {
    set_clock();
    return redis_.execute(round);
  }
  const store::KeyNames& keys() const { return redis_.keys(); }
  /// For what tests alone look at, and do behind everybody's back.
  store::RawClient& raw() { return redis_.raw(); }
  /// Everything in Redis as it is now, and Redis as it was then.
  store::testing::Copy copy() { return store::testing::copy_of(redis_.raw()); }
  void go_back(const store::testing::Copy& copy);
  /// The last event that was committed.
  EventNumber newest() const { return newest_; }
  /// Calls back once, when an event is committed.
  void wait_for_event(std::function<void()> wake) { waiting_.push_back(std::move(wake)); }

 private:
  void set_clock() { redis_.set_clock(timeline_.wall_ms()); }

  store::testing::VirtualRedis& redis_;
  Timeline& timeline_;
  EventNumber newest_;
  std::map<std::int64_t, std::vector<wire::Event>> found_;  ///< by the number that they follow
  std::vector<std::function<void()>> waiting_;
};

struct Environment {
  Environment(std::uint64_t seed, store::testing::VirtualRedis& redis) : dice(seed), store(redis, timeline) {}

  Timeline timeline;
  Dice dice;
  SimulatedStore store;
  Rates rates;
  Mutation mutation = Mutation::none;
  bool mutated = false;          ///< a bug that happens once has happened
  std::set<std::string> faulty;  ///< nonces of claims whose reports the worker gets wrong
  bool chaos = true;
  bool redis_down = false;
  service::Evaluate evaluate;  ///< of configurations; each text once
  std::function<void(const std::vector<wire::Event>&)> publish;
  std::function<void(const std::string&)> trace = [](const std::string&) {};
  int crashes = 0, lost_connections = 0;

  bool misfortune(double rate) { return chaos && dice.chance(rate); }
};

}  // namespace headrace::simulation
