// SPDX-License-Identifier: Apache-2.0
// One service's dealings with Redis, the bus and the clock, decided without touching any of them.
//
// The life of a session: connect → load the state, which says from which event on the service wants to hear →
// events, batches and ticks → the connection is lost → the state is thrown away (nobody knows what of the
// batch in flight was committed) → connect …  A reload goes the same way and keeps the connection.
//
// Inputs are the functions below; after each one, perform what next() gives until it gives nothing, and call
// on_time() at next_wake(). ServiceRunner performs with sockets and timers, the simulation with dice. Answers
// of Redis that belong to a state that was thrown away must not come back: wrap their callbacks with
// generation().guard().
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "generation/generation.hpp"
#include "result/result.hpp"
#include "service/event_feed.hpp"
#include "store/batch.hpp"

namespace headrace::service {

/// Which lease clock a process ticks. Roles are held on one that every service ticks; workers on one that
/// only dispatchers tick, which they do themselves.
enum class LeaseClock { none, roles };

struct SessionOptions {
  EventSource event_source = EventSource::bus;
  milliseconds follow_pause{0};  ///< between two reads, for EventSource::event_log
  LeaseClock lease_clock = LeaseClock::roles;
  bool publishes = true;  ///< false: there is no bus to publish to
};

/// An event as it goes to the bus.
struct Published {
  wire::Event event;
  std::string envelope;
};

namespace action {

struct Connect {};     ///< open the connection; on_connected() or on_lost()
struct Disconnect {};  ///< close it, whatever state it is in
struct PostTurn {};    ///< call on_turn() in the next turn of the loop
struct Load {};        ///< have the service read its state; on_loaded()
struct Unload {};      ///< have the service throw it away
struct GiveEvent {
  wire::Event event;
};
struct EventsDrained {};   ///< after a run of GiveEvent, and once after Load
struct EventLogBroken {};  ///< the event log went back behind what was given; Unload and Load follow
struct Tick {};            ///< a second has passed
struct Commit {            ///< one pipeline; on_committed()
  std::vector<store::Call> calls;
};
struct GiveAnswer {  ///< of a call that was committed
  store::Batch::Done done;
  store::Reply reply;
};
struct ReadEvents {  ///< on_events_read(); a blocking read goes over a connection of its own
  EventsRead read;
};
struct Publish {
  std::vector<Published> events;
};
struct Note {  ///< a line for what the program itself prints
  enum class Level { info, warn } level;
  std::string text;
};

}  // namespace action

using Action =
    std::variant<action::Connect, action::Disconnect, action::PostTurn, action::Load, action::Unload,
                 action::GiveEvent, action::EventsDrained, action::EventLogBroken, action::Tick,
                 action::Commit, action::GiveAnswer, action::ReadEvents, action::Publish, action::Note>;

class Session {
 public:
  explicit Session(SessionOptions options);

  // Inputs of the surroundings.
  void on_started(MonoTime now);
  void on_connected(MonoTime now);
  void on_lost(const std::string& reason, MonoTime now);
  void on_committed(std::vector<store::Reply> replies, MonoTime now);
  void on_events_read(Result<std::vector<wire::Event>> events, MonoTime now);
  void on_event(wire::Event event, MonoTime now);  ///< from the bus
  void on_bus_drained();                           ///< after a run of them
  void on_turn(MonoTime now);
  void on_time(MonoTime now);
  void on_stop();  ///< no tick and no new connection any more

  // Inputs of the service.
  /// The state includes everything up to `cursor`. Call once after Load.
  void on_loaded(events::Cursor cursor);
  /// Throws the state away and loads it again, as after a lost connection.
  void reload(const std::string& reason, MonoTime now);
  /// Adds a transition to the next batch. Dropped without a connection, and while the state is being thrown
  /// away.
  void commit(store::Call call, store::Batch::Done done);
  /// Lets events that wait for others go to the bus now.
  void publish_now();

  /// What is to be done next; nothing: wait for an input.
  std::optional<Action> next(MonoTime now);
  std::optional<MonoTime> next_wake() const;

  bool connected() const { return connection_ == Connection::up; }
  bool loaded() const { return loaded_; }
  /// False without a connection and while the state is being thrown away: what is asked then gets no answer.
  bool takes_calls() const { return connected() && !unloading_; }
  EventNumber position() const { return feed_.position(); }
  /// Of the loaded state and the connection it came over.
  const Generation& generation() const { return generation_; }
  /// Why the service cannot do its work; "" when nothing here is in its way.
  std::string why_unhealthy(MonoTime now) const;

 private:
  enum class Connection { down, connecting, up };
  void connect(MonoTime now);
  void throw_away();
  void want_turn();
  void collect_events();
  void drained();
  void keep_for_bus(store::Reply& reply, MonoTime now);
  void tick(MonoTime now);
  void note(action::Note::Level level, std::string text);

  SessionOptions options_;
  EventFeed feed_;
  store::Batch batch_;
  std::deque<Action> queue_;
  std::vector<Published> to_publish_;  ///< events committed here, in order

  Connection connection_ = Connection::down;
  bool loaded_ = false, stopping_ = false;
  bool unloading_ = false;    ///< the service has not thrown its state away yet
  bool turn_wanted_ = false;  ///< PostTurn was given
  bool flush_ = false;        ///< the waiting calls go out when everything in the queue is done
  bool any_event_ = false;    ///< given since the last EventsDrained
  enum class Performing { nothing, unload, event_log_broken } performing_ = Performing::nothing;
  std::optional<events::Cursor> start_from_;  ///< the feed starts there in the next turn
  std::string down_reason_ = "not connected to Redis yet";
  std::optional<MonoTime> connecting_since_, in_flight_since_;
  std::optional<MonoTime> connect_at_, load_at_, tick_at_, publish_at_;
  milliseconds retry_{0}, reload_wait_{0};
  std::optional<MonoTime> reloaded_;  ///< last time
  Generation generation_;
};

}  // namespace headrace::service
