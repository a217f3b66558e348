// SPDX-License-Identifier: Apache-2.0
// A simulated service process: what libs/service/host.cpp does with sockets and a loop, done in virtual
// time. One batch in flight, events through a Reader, a tick a second, and the same path after a lost
// connection as after a crash: the state is thrown away and loaded from Redis.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "events/reader.hpp"
#include "simulation/redis_line.hpp"

namespace headrace::simulation {

class Process {
 public:
  Process(Environment& environment, std::string name);
  virtual ~Process() = default;
  Process(const Process&) = delete;

  void start();
  /// Dies on the spot; starts again by itself after a while.
  void crash();
  void lose_redis();
  /// An event that the bus delivered.
  void hear(wire::Event event);
  bool is_loaded() const { return loaded_; }
  const std::string& instance() const { return instance_; }

 protected:
  virtual void load() = 0;
  virtual void unload() = 0;
  virtual void on_event(const wire::Event& event) = 0;
  virtual void on_events_drained() = 0;
  virtual void on_tick() = 0;
  virtual void on_crash() {}

  void loaded(events::Cursor cursor);
  void reload_state(const std::string& reason);
  void commit_call(store::Call call, std::function<void(store::Reply)> done);
  void read_words(std::vector<std::string> words, std::function<void(store::RedisReply)> done);
  /// Runs unless the state was thrown away meanwhile.
  void in_this_life(MonoTime when, std::function<void()> what);

  Environment& env_;

 private:
  struct Item {
    store::Call call;
    std::function<void(store::Reply)> done;
  };
  void connect();
  void throw_away();
  void tick();
  void give(std::vector<wire::Event> events);
  void drained();
  void plan_look();
  void look();
  void fetch();
  void flush();
  void on_committed(std::vector<Item>& batch, std::vector<store::Reply> replies);

  std::string name_, instance_;
  RedisLine line_;
  bool alive_ = false, loaded_ = false, any_event_ = false, in_flight_ = false;
  std::uint64_t birth_ = 0;  ///< of the process
  std::uint64_t life_ = 0;   ///< of its loaded state
  std::optional<events::Reader> reader_;
  std::optional<MonoTime> look_at_;
  std::vector<Item> pending_;
};

}  // namespace headrace::simulation
