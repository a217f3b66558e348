// SPDX-License-Identifier: Apache-2.0
#include "simulation/invariants.hpp"

#include <deque>

#include "logchunk/chunk.hpp"
#include "store/state/events.hpp"
#include "store/state/log.hpp"
#include "store/state/request.hpp"
#include "store/testing/inspect.hpp"
#include "wire/events.hpp"

namespace headrace::simulation {
namespace {

class Checker {
 public:
  Checker(SimulatedStore& store, const Expected& expected) : store_(store), expected_(expected) {}

  std::vector<Violation> run() {
    read_events();
    check_events();
    check_changes();
    check_timers();
    check_requests();
    check_builds();
    check_starts();
    check_overtaken();
    check_logs();
    check_leftovers();
    check_reports();
    return std::move(violations_);
  }
  struct Entry {
    wire::Event event;
    wire::AnyEvent what;  ///< points into the event
  };
  const std::deque<Entry>& events() {
    if (events_.empty()) read_events();
    return events_;
  }
  std::map<std::pair<std::string, std::string>, ConfigVersion> accepted_builds() {
    if (events_.empty()) read_events();
    std::map<std::pair<std::string, std::string>, ConfigVersion> out;
    each_of([&](const wire::BuildNew& e) {
      out[{std::string(e.builder), std::to_string(e.number)}] = e.build().value().config;
    });
    return out;
  }

 private:
  void say(const char* invariant, std::string text) { violations_.push_back({invariant, std::move(text)}); }

  void read_events() {
    for (auto& event : store_.read(store::events_after(EventNumber{}, 10'000'000))) {
      events_.push_back({std::move(event), {}});
      events_.back().what = wire::read_event(events_.back().event);
    }
  }

  template <class... Handlers>
  void each_of(Handlers... handlers) const {
    const auto visitor = wire::On{handlers..., [](const auto&) {}};
    for (const auto& entry : events_) std::visit(visitor, entry.what);
  }

  // Numbers without holes, tags chained, times never going back.
  void check_events() {
    std::int64_t number = 0, at = 0;
    std::string tag;
    for (const auto& [e, what] : events_) {
      if (e.number.value != number + 1)
        say("events", "after event " + std::to_string(number) + " comes " + std::to_string(e.number.value));
      else if (e.previous_tag != tag)
        say("events", "event " + std::to_string(e.number.value) + " does not name its predecessor");
      if (e.at_ms < at)
        say("events", "event " + std::to_string(e.number.value) + " is older than its predecessor");
      number = e.number.value, tag = e.tag, at = e.at_ms;
    }
    if (store_.read(store::head()).number.value != number) say("events", "the event log's head is another");
  }

  // Every accepted change once, and once in the buildsets of every scheduler.
  void check_changes() {
    std::map<std::string, int> seen;
    std::map<std::int64_t, std::string> revisions;
    std::map<std::pair<std::string, std::int64_t>, int> scheduled;
    each_of(
        [&](const wire::ChangeNew& e) {
          const auto change = e.change().value();
          ++seen[*change.revision];
          revisions[e.id.value] = *change.revision;
        },
        [&](const wire::BuildsetNew& e) {
          const auto set = e.set().value();
          for (const auto id : set.changes) ++scheduled[{set.scheduler, id.value}];
        });
    for (const auto& revision : expected_.revisions)
      if (seen[revision] != 1)
        say("changes", "revision " + revision + " is a change " + std::to_string(seen[revision]) + " times");
    for (const auto& [id, revision] : revisions)
      for (const auto& [scheduler, builders] : expected_.schedulers)
        if (const int times = scheduled[{scheduler, id}]; times != 1)
          say("changes", "change " + std::to_string(id) + " is in " + std::to_string(times) +
                             " buildsets of " + scheduler);
  }

  // A tree-stable timer runs out only when every change that is older than its end was seen: such a change
  // starts it anew. Each repository has a timer of its own.
  void check_timers() {
    std::map<std::string, std::map<std::int64_t, std::int64_t>> by_repository;  // … → change → when it came
    for (const auto& entry : events_) {
      if (const auto* e = std::get_if<wire::ChangeNew>(&entry.what))
        by_repository[e->change().value().repository][e->id.value] = entry.event.at_ms;
      const auto* e = std::get_if<wire::BuildsetNew>(&entry.what);
      if (!e) continue;
      const auto set = e->set().value();
      if (set.scheduler != expected_.timed_scheduler) continue;
      std::int64_t due = 0;
      const auto name = "buildset " + std::to_string(e->id.value) + " was made ";
      auto& waiting = by_repository[set.sourcestamps.at(0).repository];
      for (const auto id : set.changes) {
        if (!waiting.contains(id.value)) say("timers", name + "of changes of two repositories");
        due = std::max(due, waiting[id.value] + expected_.tree_stable.count());
        waiting.erase(id.value);
      }
      if (e->at_ms < due) say("timers", name + "before its time");
      for (const auto& [id, at] : waiting)
        if (at < due)
          say("timers",
              name + "although change " + std::to_string(id) + " had come in time to start its timer anew");
    }
  }

  // Every request ends once, and every buildset with its last one.
  void check_requests() {
    std::map<std::int64_t, std::set<std::int64_t>> ends;  // by request: builds that ended it, 0 for none
    std::map<std::int64_t, int> sets;
    std::vector<std::int64_t> requests;
    each_of(
        [&](const wire::BuildsetNew& e) {
          const auto set = e.set().value();
          for (const auto& request : set.requests) requests.push_back(request.id.value);
          sets.try_emplace(e.id.value, 0);
        },
        [&](const wire::BuildFinished& e) {
          if (e.results != Results::retry) ends[e.request.value].insert(e.id.value);
        },
        [&](const wire::RequestComplete& e) { ends[e.id.value].insert(0); },
        [&](const wire::BuildsetComplete& e) { ++sets[e.id.value]; });
    for (const auto id : requests)
      if (ends[id].size() != 1)
        say("requests",
            "request " + std::to_string(id) + " ended " + std::to_string(ends[id].size()) + " times");
    for (const auto& [bsid, times] : sets)
      if (times != 1)
        say("requests",
            "buildset " + std::to_string(bsid) + " was completed " + std::to_string(times) + " times");
  }

  // One verdict a build; the attempts of a request are 1, 2, 3 … and follow each other.
  void check_builds() {
    std::map<std::int64_t, int> verdicts, attempts;
    std::map<std::int64_t, std::int64_t> running;  // request → build
    const auto name_of = [](BuildId build, RequestId request) {
      return "build " + std::to_string(build.value) + " of request " + std::to_string(request.value);
    };
    each_of(
        [&](const wire::BuildNew& e) {
          const auto name = name_of(e.id, e.request);
          auto& runs = running[e.request.value];
          verdicts.try_emplace(e.id.value, 0);
          if (runs) say("attempts", name + " began while build " + std::to_string(runs) + " ran");
          runs = e.id.value;
          if (e.attempt != ++attempts[e.request.value])
            say("attempts", name + " is attempt " + std::to_string(e.attempt));
        },
        [&](const wire::BuildFinished& e) {
          if (++verdicts[e.id.value] > 1) return;
          const auto name = name_of(e.id, e.request);
          if (running[e.request.value] != e.id.value) say("attempts", name + " ended without running");
          running[e.request.value] = 0;
          if (e.results == Results::cancelled && !expected_.cancelled.contains(e.request.value))
            say("verdicts", name + " was cancelled, which nobody asked for");
        });
    for (const auto& [build, times] : verdicts)
      if (times != 1)
        say("verdicts", "build " + std::to_string(build) + " ended " + std::to_string(times) + " times");
  }

  // A command runs at most once a build, only for a build that was accepted, and as that build's
  // configuration has it.
  void check_starts() {
    const auto accepted = accepted_builds();
    for (const auto& [argv, what] : expected_.started) {
      const std::pair<std::string, std::string> key{argv.at(1), argv.at(2)};
      if (expected_.forgotten.contains(key)) continue;
      const auto name = argv.at(1) + "/" + argv.at(2) + " " + argv.at(3);
      if (what.times != 1)
        say("starts", "step " + name + " was started " + std::to_string(what.times) + " times");
      const auto build = accepted.find(key);
      if (build == accepted.end())
        say("starts", "step " + name + " belongs to no build");
      else if (const auto& word = word_of(build->second); word != argv.at(4))
        say("versions",
            "step " + name + " is of configuration '" + argv.at(4) + "', its build of '" + word + "'");
    }
  }

  // When a request was given to another worker nothing of the lost build starts any more, and what its
  // launcher had to kill is dead.
  void check_overtaken() {
    std::map<std::pair<std::string, std::string>, std::int64_t> overtaken;  // build → its successor's start
    std::map<RequestId, std::pair<std::string, std::string>> last;
    each_of([&](const wire::BuildNew& e) {
      const std::pair key{std::string(e.builder), std::to_string(e.number)};
      if (const auto before = last.find(e.request); before != last.end()) overtaken[before->second] = e.at_ms;
      last[e.request] = key;
    });
    for (const auto& [argv, what] : expected_.started) {
      const auto by = overtaken.find({argv.at(1), argv.at(2)});
      if (by == overtaken.end() || expected_.forgotten.contains(by->first)) continue;
      const auto name = argv.at(3) + " of " + argv.at(1) + " " + argv.at(2);
      if (what.at_ms > by->second) say("sessions", name + " started when the next attempt ran");
      if (what.killed_ms > by->second) say("sessions", name + " was killed when the next attempt ran");
    }
  }

  const std::string& word_of(ConfigVersion version) const {
    static const std::string none = "none";
    const auto found = expected_.versions.find(version);
    return found == expected_.versions.end() ? none : found->second;
  }

  // What a step wrote is what the store has; of a step that did not run to its end, a first part.
  void check_logs() {
    each_of([&](const wire::BuildFinished& e) {
      const auto build = e.build().value();
      for (const auto& step : build.steps) {
        const std::vector<std::string> argv = {"step", std::string(e.builder), std::to_string(e.number),
                                               step.name, word_of(build.config)};
        if (step.results == Results::skipped)
          say("versions", "step " + step.name + " of build " + std::to_string(e.id.value) +
                              " was skipped by a function of another version");
        const auto started = expected_.started.find(argv);
        const bool undisturbed = started != expected_.started.end() && !started->second.disturbed;
        for (const auto& log : step.logs)
          if (log.name == "stdio") check_log(e.id, step, log, argv, undisturbed);
      }
    });
  }

  void check_log(BuildId build, const wire::StepRecord& step, const wire::LogRecord& log,
                 const std::vector<std::string>& argv, bool undisturbed) {
    const auto name = "build " + std::to_string(build.value) + " step " + step.name;
    std::string framed;
    for (const auto& chunk : store_.read(store::log_chunks(build, {step.number, log.index}, 0, 1'000'000))) {
      const auto piece = logchunk::decode(chunk);
      if (!piece) return say("logs", name + ": " + piece.error().text);
      framed += piece->text;
    }
    const bool whole = log.complete && !log.incomplete;
    const auto crc = logchunk::crc32(0, framed);
    if (whole && (static_cast<std::int64_t>(framed.size()) != log.size_bytes ||
                  crc != static_cast<std::uint32_t>(log.crc)))
      say("logs", name + ": the record says " + std::to_string(log.size_bytes) + " bytes, stored are " +
                      std::to_string(framed.size()));
    const auto should = step_of(argv);
    const bool ran = undisturbed && step.results &&
                     (*step.results == Results::success || *step.results == Results::failure);
    for (const char channel : {'o', 'e'}) {
      const auto have = logchunk::unframe(framed, std::string(1, channel)), want = should.written(channel);
      if (ran ? have != want : !want.starts_with(have))
        say("logs", name + ": channel " + channel + " has " + std::to_string(have.size()) +
                        " bytes, the step wrote " + std::to_string(want.size()) +
                        (ran ? "" : " (disturbed)"));
    }
    if (ran && (*step.results == Results::success) != (should.exit_code == 0))
      say("logs", name + ": exit status " + std::to_string(should.exit_code) + " became " +
                      std::string(results_name(*step.results)));
  }

  // Nothing holds anything when everything has ended and every worker said goodbye.
  void check_leftovers() {
    for (const auto& [what, left] : store::testing::leftovers(store_.raw(), expected_.workers))
      say("leftovers", what + " holds " + std::to_string(left));
    each_of([&](const wire::BuildNew& e) {
      if (store::testing::is_running(store_.raw(), e.id))
        say("leftovers", "build " + std::to_string(e.id.value) + " still has its live keys");
    });
  }

  // Every end of a build is told; twice only when something was lost on the way.
  void check_reports() {
    for (const auto& [event, what] : events_) {
      const auto* end = std::get_if<wire::BuildFinished>(&what);
      if (!end || end->results == Results::retry) continue;
      const auto key = "build-" + std::to_string(end->id.value) + "." + event.tag + "-http";
      const auto found = expected_.told.find(key);
      const auto told = found == expected_.told.end() ? Told{} : found->second;
      if (told.times == 0) say("reports", key + " was never told");
      if (told.times > 1 + told.excused + expected_.reports_excused)
        say("reports", key + " was told " + std::to_string(told.times) + " times");
    }
  }

  SimulatedStore& store_;
  const Expected& expected_;
  std::deque<Entry> events_;
  std::vector<Violation> violations_;
};

}  // namespace

std::vector<Violation> check(SimulatedStore& store, const Expected& expected) {
  return Checker(store, expected).run();
}

std::map<std::pair<std::string, std::string>, ConfigVersion> accepted_builds(SimulatedStore& store) {
  const Expected nothing;
  return Checker(store, nothing).accepted_builds();
}

std::vector<Violation> check_slots(SimulatedStore& store, const std::map<std::string, int>& capacity) {
  std::vector<Violation> out;
  std::vector<std::string> workers;
  for (const auto& [worker, most] : capacity) workers.push_back(worker);
  std::map<std::string, int> taken;
  for (const auto& [worker, directory, id] : store::testing::slots(store.raw(), workers)) {
    if (++taken[worker] == capacity.at(worker) + 1)
      out.push_back(
          {"slots", worker + " has more claims than " + std::to_string(capacity.at(worker)) + " slots"});
    const auto request = store.read(store::request(id));
    using State = store::RequestState;
    const bool claimed = request && (request->state == State::offered || request->state == State::running);
    if (!claimed || request->worker != worker || request->directory != directory)
      out.push_back(
          {"slots", "slot " + directory + " of " + worker + " is kept for request " +
                        std::to_string(id.value) + ", which is " +
                        (request ? std::string(store::request_state_name(request->state)) : "not there") +
                        " at " + (request ? request->worker : "")});
  }
  return out;
}

RunSummary summary_of(SimulatedStore& store) {
  const Expected nothing;
  RunSummary out;
  Checker checker(store, nothing);
  for (const auto& entry : checker.events()) {
    ++out.events;
    std::visit(wire::On{[&](const wire::BuildNew&) { ++out.builds; },
                        [&](const wire::BuildFinished& e) {
                          ++(e.results == Results::retry ? out.retried : out.finished);
                        },
                        [](const auto&) {}},
               entry.what);
  }
  return out;
}

}  // namespace headrace::simulation
