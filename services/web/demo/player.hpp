// SPDX-License-Identifier: Apache-2.0
// Plays a made-up site in simulated time: changes arrive, requests wait, workers build, logs grow. The player
// gives the events that a real site would have written, and the logs of its running builds.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <vector>

#include "web/demo/site.hpp"
#include "web/logs/log_source.hpp"
#include "web/testing/event_log.hpp"

namespace headrace::web::demo {

class Player : public LogSource {
 public:
  /// @param logs  directory of the log store
  /// @param start_ms  epoch; the first change comes soon after
  /// @param speed  builds run this many times as fast
  Player(std::filesystem::path logs, std::int64_t start_ms, std::uint64_t seed, double speed);

  /// Lets everything happen that is due until `now_ms`. The events are then in `log`.
  void play_until(std::int64_t now_ms);
  /// How far the logs of running steps have come.
  std::vector<LogGrowth> growths(std::int64_t now_ms);
  /// Changes come this much further apart from now on; the next at once.
  void set_pace(double change_seconds) {
    change_seconds_ = change_seconds;
    at(now_ms_, [this] { push(now_ms_); });
  }
  /// The first step of build 1 prints this many lines.
  void set_long_log(std::int64_t lines) { long_log_ = lines; }
  /// Steps that start from now on take this many times less.
  void set_speed(double speed) { speed_ = speed; }
  std::int64_t builds() const { return next_build_ - 1; }

  void read(const LogAddress& log, std::int64_t line, Answer answer) override;

  EventLog log;

 private:
  struct Request {
    std::int64_t id;
    std::int64_t buildset;
    std::string builder;
    std::vector<ChangeId> changes;
  };
  struct Running {
    wire::Build record;
    std::int64_t number = 0;
    BuildScript script;
    std::size_t step = 0;
    std::int64_t step_started_ms = 0;
  };

  void at(std::int64_t ms, std::function<void()> action) { agenda_.emplace(ms, std::move(action)); }
  void push(std::int64_t now);
  void try_start(std::int64_t now);
  void start_step(std::int64_t build, std::int64_t now);
  void finish_step(std::int64_t build, std::int64_t now);
  void finish_build(std::int64_t build, std::int64_t now);
  std::int64_t lines_at(const Running& running, std::int64_t now) const;
  void store_log(std::int64_t build, const Running& running);
  wire::StepRecord step_record(const Running& running, bool done, std::int64_t now) const;

  std::filesystem::path logs_;
  Random random_;
  double speed_;
  double change_seconds_ = 540;
  std::int64_t long_log_ = 0;
  std::multimap<std::int64_t, std::function<void()>> agenda_;
  std::vector<Request> waiting_;
  std::map<std::int64_t, Running> running_;
  std::map<std::string, std::int64_t> numbers_, busy_;
  std::int64_t next_change_ = 1, next_set_ = 1, next_request_ = 1, next_build_ = 1, now_ms_ = 0;
};

}  // namespace headrace::web::demo
