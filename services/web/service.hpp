// SPDX-License-Identifier: Apache-2.0
// headrace-web as a service: hands events to the WebApp, one batch at a time, and requests as they
// come. README.md beside this file shows both ways through the folder.
//
// The WebApp goes on answering from the history while Redis is away. Only logs of running builds and the list
// of events need Redis.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <vector>

#include "generation/generation.hpp"
#include "http/server.hpp"
#include "service/live_config.hpp"
#include "service/runner.hpp"
#include "web/app/web_app.hpp"
#include "web/logs/redis_log_source.hpp"
#include "web/settings.hpp"

namespace headrace::web {

class WebService : public service::Service {
 public:
  WebService(service::ServiceRunner& runner, Settings settings)
      : settings_(std::move(settings)), runner_(&runner) {}

  void start() override;
  void load() override;
  void unload() override;
  void on_event(const wire::Event& event) override;
  void on_events_drained() override { pump(); }
  void on_announcement(const bus::Frames& frames) override;
  void on_broken_event_log() override { broken_ = true; }
  std::string unhealthy() const override;

 private:
  void handle(http::Request request, http::ResponderPtr responder);
  void open_app();
  void connect_logs();
  void beat();

  // Loading, step by step.
  void read_names(std::function<void(Names)> done);
  void read_names(Names names, std::size_t kind, std::function<void(Names)> done);
  void read_site(std::function<void()> done);
  void check_cursor();
  void begin_anew();
  void read_state();

  void pump();

  Settings settings_;
  service::ServiceRunner* runner_;
  std::unique_ptr<service::LiveConfig> config_;
  std::unique_ptr<store::Client> log_store_;  ///< a connection of its own: logs never delay events
  std::unique_ptr<RedisLogSource> running_logs_;
  std::unique_ptr<boost::asio::steady_timer> retry_logs_, clock_;
  std::unique_ptr<WebApp> app_;  ///< nothing while the history cannot be opened
  std::string open_problem_;     ///< why
  MonoTime open_again_{};
  bool load_waits_ = false;  ///< for the app
  std::unique_ptr<http::Server> server_;

  Names names_;
  bool broken_ = false;                 ///< the history does not fit the event log: it begins anew
  bool names_changed_ = false;          ///< config.applied was heard
  std::optional<MonoTime> busy_since_;  ///< a batch is under way
  std::deque<wire::Event> pending_;     ///< not in the history yet
  std::vector<LogGrowth> growths_;
  Generation generation_;  ///< of the loaded state; what the app answers to an earlier one is dropped
};

}  // namespace headrace::web
