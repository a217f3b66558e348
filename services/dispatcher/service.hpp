// SPDX-License-Identifier: Apache-2.0
// The sockets, connections and timers around the dispatcher's core.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "dispatcher/core.hpp"
#include "dispatcher/entrance.hpp"
#include "dispatcher/log_connection.hpp"
#include "dispatcher/log_mover.hpp"
#include "dispatcher/settings.hpp"
#include "generation/generation.hpp"
#include "service/admitted_public_keys.hpp"
#include "service/live_config.hpp"
#include "service/runner.hpp"

namespace headrace::dispatcher {

class DispatcherService : public service::Service {
 public:
  DispatcherService(service::ServiceRunner& runner, Settings settings)
      : settings_(std::move(settings)), host_(&runner) {}

  void start() override;
  void load() override;
  void unload() override;
  void on_event(const wire::Event& event) override;
  void on_events_drained() override;
  void on_tick() override;
  std::string unhealthy() const override;

 private:
  void listen();
  void add_metrics();
  void read_keys();
  void refresh_configuration();
  void load_requests();
  void make_core(const store::OpenRequests& open);
  void on_message(const bus::Message& message);
  void match(bool anew = false);

  /// Performs the core's actions.
  void perform();
  void perform(Send& a);
  void perform(Commit& a);
  void perform(AppendLog& a);
  void perform(Ask& a);
  void perform(WantConfiguration& a);
  void perform(AnnounceLog& a);
  void perform(MoveLogs& a);
  void answer(Ticket ticket, Answer answer);
  Now now() const { return {host_->now(), host_->wall_now()}; }

  Settings settings_;
  service::ServiceRunner* host_;
  std::unique_ptr<service::LiveConfig> config_;
  std::unique_ptr<bus::Socket> workers_;
  std::unique_ptr<LogConnection> logs_;
  std::unique_ptr<LogMover> mover_;
  std::unique_ptr<boost::asio::steady_timer> match_timer_;
  std::optional<MonoTime> match_at_;  ///< when match_timer_ will call match()
  std::unique_ptr<Core> core_;
  Entrance entrance_;
  std::unique_ptr<service::AdmittedPublicKeys> keys_;
  std::map<std::string, std::string> said_hello_;  ///< worker → the key of the connection that said hello
  int ticks_ = 0;
  Generation generation_;  ///< of the loaded state
};

}  // namespace headrace::dispatcher
