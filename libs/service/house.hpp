// SPDX-License-Identifier: Apache-2.0
// What a service is to the house it stands in, and the house to the service: Redis, events, time.
// ServiceRunner is the real house, with sockets and a loop; the simulation is another, with virtual time and
// dice. Nothing here includes I/O.
//
// The life of a service: the connection to Redis comes up → load() reads the state and says from which event
// on it wants to hear → events and ticks → the connection is lost → unload() throws the state away (nobody
// knows what of the batch in flight was committed) → the connection comes up → load() …
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "clock/clock.hpp"
#include "events/reader.hpp"
#include "json/value.hpp"
#include "process/metrics.hpp"
#include "store/call.hpp"
#include "store/read.hpp"

namespace headrace::service {

class House {
 public:
  virtual ~House() = default;

  /// Call from load(): the state includes everything up to `cursor`.
  virtual void loaded(events::Cursor cursor) = 0;
  /// Throws the state away and loads it again, as after a lost connection.
  virtual void reload(const std::string& reason) = 0;
  virtual bool is_loaded() const = 0;
  /// Why what is committed now might be lost, against what --durability promises; "" when it is kept. Nobody
  /// outside may be told then that something is taken.
  virtual std::string why_not_durable() const { return ""; }

  /// Adds a transition (store/transitions/) to the next batch. One batch is in flight at a time.
  /// @param done  takes the transition's Outcome when the whole batch is committed; dropped when the state is
  ///              thrown away
  template <class Transition, class F>
  requires requires { typename Transition::Answer; }
  void commit(const Transition& transition, F done) {
    commit_call(transition.call(), [done = std::move(done)](const store::Reply& reply) mutable {
      done(Transition::read(reply));
    });
  }
  /// The same, when nobody waits for the outcome.
  template <class Transition>
  requires requires { typename Transition::Answer; }
  void commit(const Transition& transition) { commit_call(transition.call(), {}); }
  /// Reads (store/state/), outside of batches. An error of Redis reloads the state: it must not pass for an
  /// empty answer.
  /// @param done  takes the value; dropped as for commit
  template <class T, class F>
  void read(const store::Read<T>& question, F done) {
    try_read(question, [this, done = std::move(done)](Result<T> answer) mutable {
      if (!answer) return reload(answer.error().text);
      done(std::move(*answer));
    });
  }
  /// The same for a caller that can live with an error. @param done  takes a Result of the value
  template <class T, class F>
  void try_read(const store::Read<T>& question, F done) {
    ask([question, done = std::move(done)](const store::KeyNames& keys) {
      return question.start(keys, done);
    });
  }

  // What the functions above are made of.
  virtual void commit_call(store::Call call, std::function<void(store::Reply)> done) = 0;
  /// @param start  gives the first round of a read
  virtual void ask(const std::function<store::Round(const store::KeyNames&)>& start) = 0;

  virtual MonoTime now() const = 0;
  virtual WallTime wall_now() const = 0;
  /// Calls back once. Nobody takes it back: guard it with a Generation.
  virtual void call_at(MonoTime when, std::function<void()> what) = 0;

  /// Random, of this life of the process: "scheduler-3f2a…".
  virtual const std::string& instance() const = 0;
  virtual process::Metrics& metrics() = 0;
};

class Service {
 public:
  virtual ~Service() = default;
  /// Before the first connection: sockets and timers that outlive connections.
  virtual void start() {}
  /// Read what is needed, then call House::loaded exactly once.
  virtual void load() = 0;
  virtual void unload() = 0;
  virtual void on_event(const wire::Event&) {}
  /// After a run of on_event, and once right after loaded().
  virtual void on_events_drained() {}
  /// Unnumbered announcements (growth of logs). @param frames  topic first
  virtual void on_announcement(const std::vector<std::string>&) {}
  /// The event log went back behind what was read (fail-over, power loss); unload() and load() follow. State
  /// kept elsewhere than in Redis must be made anew.
  virtual void on_broken_event_log() {}
  /// Once a second while loaded.
  virtual void on_tick() {}
  /// Why the service cannot do its work now; "" when it can.
  virtual std::string unhealthy() const { return ""; }
  /// What /healthz says beside that.
  virtual json::Object details() const { return {}; }
  /// The process is to end: leave what others should take over; call done when ready (at most 5 s are
  /// waited).
  virtual void stop(std::function<void()> done) { done(); }
};

}  // namespace headrace::service
