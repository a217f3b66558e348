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
#include <utility>
#include <vector>

#include "notifier/core.hpp"
#include "notifier/outbox.hpp"
#include "notifier/reporters/reporter_kind.hpp"
#include "service/house.hpp"
#include "service/live_config.hpp"
#include "service/role.hpp"

namespace headrace::notifier {

class NotifierService : public service::Service {
 public:
  /// Both outlive the service.
  NotifierService(service::House& house, Transport& transport,
                  service::Evaluate evaluate = config::Configuration::evaluate)
      : house_(house), transport_(transport), config_(house, std::move(evaluate)) {}

  void start() override;
  void load() override;
  void unload() override;
  void on_event(const wire::Event& event) override;
  void on_events_drained() override;
  void on_tick() override;
  void stop(std::function<void()> done) override;

 private:
  /// A reporter of the current configuration; ours while `core` is there.
  struct OwnedReporter {
    OwnedReporter(service::House& house, const config::Reporter& r, const ReporterKind& kind)
        : reporter(r), compose(kind.composer(reporter)), role(house, "reporter:" + r.name) {}
    const config::Reporter reporter;
    Composer compose;
    service::Role role;
    std::unique_ptr<Core> core;
  };
  /// An event that may say something, and the place that is reached with it and the idle ones after it.
  struct PendingEvent {
    EventNumber number;
    events::Cursor upto;
    std::optional<BuildReport> report;  ///< none: a new configuration was applied
  };

  void drop_unknown(const std::vector<std::string>& stored);
  void load_roles();
  void read_cursor(OwnedReporter& owned, std::function<void()> done);
  void lose(OwnedReporter& owned);
  void finish_load();
  Outbox& outbox(const std::string& reporter);

  void work();
  void add(EventNumber number, std::optional<BuildReport> report);
  void pass();
  void tell_of(PendingEvent& event);
  void gather(BuildReport& report, std::function<void()> done);
  void tell(const PendingEvent& event, const std::vector<OwnedReporter*>& to);
  void commit();
  void commit(OwnedReporter& owned);

  service::House& house_;
  Transport& transport_;
  service::LiveConfig config_;
  std::shared_ptr<config::Configuration> used_;  ///< the one of the reporters below
  std::vector<std::unique_ptr<OwnedReporter>> reporters_;
  std::map<std::string, std::unique_ptr<Outbox>> outboxes_;  ///< kept over unload()
  int awaited_ = 0;                                          ///< answers that load() waits for
  events::Cursor read_;               ///< up to which events were taken from the reader
  std::deque<PendingEvent> pending_;  ///< not done with yet
  bool gathering_ = false;            ///< the first event waits for what its report needs
  std::size_t stopping_ = 0;          ///< outboxes that are not idle yet
};

}  // namespace headrace::notifier
