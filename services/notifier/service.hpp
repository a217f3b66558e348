// SPDX-License-Identifier: Apache-2.0
// The notifier: reads the event log from the cursor of its reporter that is furthest behind, gathers what a
// report needs, and stores the messages with the cursors; one Outbox a reporter sends them.
//
// Every reporter has one owner among all notifiers, by the role "reporter:<name>". A new configuration and
// a role that was taken later, with a cursor further back than what was read, load the state again: cursors
// live with their effects, so nothing is told twice or not at all.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "http/client.hpp"
#include "notifier/core.hpp"
#include "notifier/outbox.hpp"
#include "service/live_config.hpp"
#include "service/role.hpp"
#include "service/runner.hpp"

namespace headrace::notifier {

class NotifierService : public service::Service {
 public:
  explicit NotifierService(service::ServiceRunner& runner) : host_(&runner) {}

  void start() override;
  void load() override;
  void unload() override;
  void on_event(const wire::Event& event) override;
  void on_events_drained() override;
  void on_tick() override;
  void stop(std::function<void()> done) override;

 private:
  /// A reporter of the current configuration; ours while `core` is there.
  struct Owned {
    Owned(service::ServiceRunner& host, const config::Reporter& r)
        : reporter(r), role(host, "reporter:" + r.name) {}
    config::Reporter reporter;
    service::Role role;
    std::unique_ptr<Core> core;
  };
  /// An event that may say something, and the place that is reached with it and the idle ones after it.
  struct Item {
    wire::Event event;
    events::Cursor upto;
  };

  void drop_unknown(const store::RedisReply& stored);
  void load_roles();
  void read_cursor(Owned& owned, std::function<void()> done);
  void lose(Owned& owned);
  void finish_load();
  Outbox& outbox(const std::string& reporter);

  void work();
  void work_on(const Item& item);
  void gather(Report report, std::function<void(Report)> done);
  void tell(const Item& item, const Report* report, const std::vector<Owned*>& to);
  void commit();
  void commit(Owned& owned);

  service::ServiceRunner* host_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<service::LiveConfig> config_;
  std::shared_ptr<config::Configuration> used_;  ///< the one of the reporters below
  std::vector<std::unique_ptr<Owned>> reporters_;
  std::map<std::string, std::unique_ptr<Outbox>> outboxes_;  ///< kept over unload()
  int awaited_ = 0;                                          ///< answers that load() waits for
  events::Cursor read_;     ///< up to which events were taken from the reader
  std::deque<Item> items_;  ///< not done with yet
  bool gathering_ = false;  ///< the first item waits for what its report needs
};

}  // namespace headrace::notifier
