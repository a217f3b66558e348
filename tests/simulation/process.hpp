// SPDX-License-Identifier: Apache-2.0
// A simulated service process: the house of a service, its Session performed with virtual time and dice where
// ServiceRunner has sockets and a loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "generation/generation.hpp"
#include "service/house.hpp"
#include "service/session.hpp"
#include "simulation/redis_line.hpp"

namespace headrace::simulation {

class Process : public service::House {
 public:
  Process(Environment& environment, std::string name, service::SessionOptions options);
  Process(const Process&) = delete;

  void start();
  /// Dies on the spot; starts again by itself after a while.
  void crash();
  void lose_redis();
  /// An event that the bus delivered.
  void hear(wire::Event event);
  /// The wall clock of its machine is set; others do not notice.
  void set_clock(milliseconds offset) { clock_offset_ = offset; }
  bool alive() const { return service_ != nullptr; }
  bool follows_event_log() const { return options_.event_source == service::EventSource::event_log; }

  void loaded(events::Cursor cursor) override;
  void reload(const std::string& reason) override;
  bool is_loaded() const override { return session_ && session_->loaded(); }
  void commit_call(store::Call call, std::function<void(store::Reply)> done) override;
  void ask(const std::function<store::Round(const store::KeyNames&)>& start) override;
  MonoTime now() const override { return env_.timeline.now(); }
  WallTime wall_now() const override { return from_ms(env_.timeline.wall_ms()) + clock_offset_; }
  void call_at(MonoTime when, std::function<void()> what) override;
  const std::string& instance() const override { return instance_; }
  process::Metrics& metrics() override { return *metrics_; }

 protected:
  const Generation& life() const { return life_; }
  /// The service of the next life of this process.
  virtual std::unique_ptr<service::Service> make_service() = 0;
  virtual void on_crash() {}
  virtual void on_cut_off() {}

  Environment& env_;

 private:
  void perform();
  void perform(service::action::Connect&);
  void perform(service::action::Disconnect&);
  void perform(service::action::PostTurn&);
  void perform(service::action::Load&) { service_->load(); }
  void perform(service::action::Unload&) { service_->unload(); }
  void perform(service::action::GiveEvent& a) { service_->on_event(a.event); }
  void perform(service::action::EventsDrained&) { service_->on_events_drained(); }
  void perform(service::action::EventLogBroken&) { service_->on_broken_event_log(); }
  void perform(service::action::Tick&) { service_->on_tick(); }
  void perform(service::action::Commit& a);
  void perform(service::action::GiveAnswer& a) { a.done(std::move(a.reply)); }
  void perform(service::action::ReadEvents& a);
  void perform(service::action::Publish& a);
  void perform(service::action::Note& a) { env_.trace(name_ + ": " + a.text); }
  void arm();

  std::string name_, instance_;
  service::SessionOptions options_;
  RedisLine line_, event_log_line_;  ///< the second is for blocking reads of the event log
  milliseconds clock_offset_{0};
  // Of one life of the process.
  std::unique_ptr<process::Metrics> metrics_;
  std::optional<service::Session> session_;
  std::unique_ptr<service::Service> service_;
  std::optional<MonoTime> armed_;
  bool performing_ = false;
  Generation connection_;  ///< of a connection that is being made
  Generation life_;        ///< of the process
};

}  // namespace headrace::simulation
