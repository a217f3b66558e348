// SPDX-License-Identifier: Apache-2.0
// headrace events: the event log, one JSON a line; with -f over the bus, without a gap.
#include "store/state/events.hpp"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <stdexcept>

#include "cli/command.hpp"
#include "cli/event_json.hpp"
#include "cli/system_access.hpp"
#include "service/runner.hpp"

namespace headrace::cli {
namespace {

constexpr std::size_t kAtOnce = 500;

struct Options {
  bool follow = false;
  std::optional<std::int64_t> after;
  std::vector<std::string> topics;
  SystemAccess control;

  bool wants(const wire::Event& event) const {
    if (topics.empty()) return true;
    for (const auto& t : topics)
      if (event.topic.starts_with(t)) return true;
    return false;
  }
};

void print(const Options& o, const wire::Event& event) {
  if (o.wants(event)) std::cout << event_json(event) << "\n";
}

// Where to begin: just before the first event that is still there after `after`, or at the end.
events::Cursor start_cursor(store::BlockingClient& store, const std::optional<std::int64_t>& after) {
  if (after) {
    const auto first = store.read(store::events_after(EventNumber{*after}, 1));
    if (!first.empty()) return {{first[0].number.value - 1}, first[0].previous_tag};
  }
  return store.read(store::head());
}

class Printer : public service::Service {
 public:
  Printer(service::House& house, Options& o, events::Cursor start)
      : house_(house), o_(o), cursor_(std::move(start)) {}

  void load() override { house_.loaded(cursor_); }
  void unload() override {}
  void on_event(const wire::Event& event) override {
    cursor_ = {event.number, event.tag};
    print(o_, event);
  }
  void on_events_drained() override {
    std::cout.flush();
    // Nobody reads any more (`| head`), and SIGPIPE may be ignored in this process.
    if (!std::cout) ::_exit(kGood);
  }
  void on_broken_event_log() override {
    std::cerr << "the event log went back behind event " << cursor_.number.value
              << "; going on from its end\n";
    cursor_ = start_cursor(o_.control.reconnect(), std::nullopt);
  }

 private:
  service::House& house_;
  Options& o_;
  events::Cursor cursor_;
};

int follow(Options& o) {
  service::RunnerSettings settings;
  settings.store = o.control.store_settings();
  settings.bus_subscribe = o.control.bus_subscribe();
  if (settings.bus_subscribe.empty())
    throw UsageError("-f: where is the bus? name it with --bus-subscribe (HEADRACE_BUS_SUBSCRIBE)");
  if (o.control.file()) settings.site_key = o.control.file()->site_key;
  settings.log_level = "warn";
  service::RunnerOptions options;
  options.lease_clock = service::LeaseClock::none;
  service::ServiceRunner runner(settings, "events", options);
  Printer printer(runner, o, start_cursor(o.control.store(), o.after));
  return runner.run(printer);
}

int events(Options& o) {
  if (o.follow) return follow(o);
  auto& store = o.control.store();
  auto after = o.after.value_or(0);
  while (true) {
    const auto list = store.read(store::events_after(EventNumber{after}, kAtOnce));
    for (const auto& event : list) print(o, event);
    if (list.empty() || !std::cout) break;
    after = list.back().number.value;
  }
  return kGood;
}

void add(arguments::Command& program) {
  auto command = program.subcommand("events", "print the events, one JSON a line");
  auto o = std::make_shared<Options>();
  command.flag("-f,--follow", o->follow, "go on as events come, over the bus; without --after only new ones");
  command.option("--after", o->after, "begin after this event number").not_negative();
  command.option("--topic", o->topics, "only topics that begin so, e.g. build.finished; may be repeated");
  o->control.add_options(command);
  command.action([o] { return events(*o); });
}

}  // namespace

extern const Command events_command;
const Command events_command{"events", add};

}  // namespace headrace::cli
