// SPDX-License-Identifier: Apache-2.0
#include "simulation/invariants.hpp"

#include "logchunk/chunk.hpp"
#include "wire/codec.hpp"

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
    check_logs();
    check_leftovers();
    return std::move(violations_);
  }
  const std::vector<wire::Event>& events() {
    if (events_.empty()) read_events();
    return events_;
  }

 private:
  void say(const char* invariant, std::string text) { violations_.push_back({invariant, std::move(text)}); }

  void read_events() {
    const auto reply = store_.command({"XRANGE", store_.keys()("events"), "-", "+"});
    for (const auto& entry : reply.items) {
      const auto& f = entry.items.at(1).items;
      events_.push_back(wire::decode_event(f.at(1).text, f.at(3).text).value());
    }
  }

  // Numbers without holes, tags chained, times never going back.
  void check_events() {
    std::int64_t number = 0, at = 0;
    std::string tag;
    for (const auto& e : events_) {
      if (e.number.value != number + 1)
        say("events", "after event " + std::to_string(number) + " comes " + std::to_string(e.number.value));
      else if (e.previous_tag != tag)
        say("events", "event " + std::to_string(e.number.value) + " does not name its predecessor");
      if (e.at_ms < at)
        say("events", "event " + std::to_string(e.number.value) + " is older than its predecessor");
      number = e.number.value, tag = e.tag, at = e.at_ms;
    }
    if (store_.command({"HGET", store_.keys()("head"), "n"}).text != std::to_string(number))
      say("events", "the log's head is another");
  }

  // Every accepted change once, and once in the buildsets of every scheduler.
  void check_changes() {
    std::map<std::string, int> seen;
    std::map<std::int64_t, std::string> revisions;
    std::map<std::pair<std::string, std::int64_t>, int> scheduled;
    for (const auto& e : events_) {
      if (e.is("change.new")) {
        const auto change = wire::decode<wire::Change>(e.body).value();
        ++seen[*change.revision];
        revisions[e.id("changeid")] = *change.revision;
      } else if (e.is("buildset.new")) {
        const auto set = wire::decode<wire::Buildset>(e.body).value();
        for (const auto id : set.changes) ++scheduled[{set.scheduler, id.value}];
      }
    }
    for (const auto& [revision, id] : expected_.revisions)
      if (seen[revision] != 1)
        say("changes", "revision " + revision + " is a change " + std::to_string(seen[revision]) + " times");
    for (const auto& [id, revision] : revisions)
      for (const auto& [scheduler, builders] : expected_.schedulers)
        if (const int times = scheduled[{scheduler, id}]; times != 1)
          say("changes", "change " + std::to_string(id) + " is in " + std::to_string(times) +
                             " buildsets of " + scheduler);
  }

  // A tree-stable timer runs out only when every change that is older than its end was seen: such a change
  // starts it anew.
  void check_timers() {
    std::map<std::int64_t, std::int64_t> waiting;  // change → when it came
    for (const auto& e : events_) {
      if (e.is("change.new")) waiting[e.id("changeid")] = e.at_ms;
      if (!e.is("buildset.new")) continue;
      const auto set = wire::decode<wire::Buildset>(e.body).value();
      if (set.scheduler != expected_.timed_scheduler) continue;
      std::int64_t due = 0;
      for (const auto id : set.changes) {
        due = std::max(due, waiting[id.value] + expected_.tree_stable.count());
        waiting.erase(id.value);
      }
      if (e.at_ms < due)
        say("timers", "buildset " + std::to_string(e.id("bsid")) + " was made before its time");
      for (const auto& [id, at] : waiting)
        if (at < due)
          say("timers", "buildset " + std::to_string(e.id("bsid")) + " was made although change " +
                            std::to_string(id) + " had come in time to start its timer anew");
    }
  }

  // Every request ends once, and every buildset with its last one.
  void check_requests() {
    std::map<std::int64_t, std::set<std::int64_t>> ends;  // by request: builds that ended it, 0 for none
    std::map<std::int64_t, int> sets;
    std::vector<std::int64_t> requests;
    for (const auto& e : events_) {
      if (e.is("buildset.new")) {
        const auto set = wire::decode<wire::Buildset>(e.body).value();
        for (std::size_t i = 0; i < set.requests.size(); ++i)
          requests.push_back(e.id("first_request") + static_cast<std::int64_t>(i));
        sets.try_emplace(e.id("bsid"), 0);
      } else if (e.is("build.finished") && e.id("results") != static_cast<int>(Results::retry)) {
        ends[e.id("request")].insert(e.id("buildid"));
      } else if (e.is("request.complete")) {
        ends[e.id("request")].insert(0);
      } else if (e.is("buildset.complete")) {
        ++sets[e.id("bsid")];
      }
    }
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
    for (const auto& e : events_) {
      const auto build = e.id("buildid"), request = e.id("request");
      const auto name = "build " + std::to_string(build) + " of request " + std::to_string(request);
      if (e.is("build.new")) {
        verdicts.try_emplace(build, 0);
        if (running[request])
          say("attempts", name + " began while build " + std::to_string(running[request]) + " ran");
        running[request] = build;
        if (e.id("attempt") != ++attempts[request])
          say("attempts", name + " is attempt " + std::to_string(e.id("attempt")));
      } else if (e.is("build.finished")) {
        if (++verdicts[build] > 1) continue;
        if (running[request] != build) say("attempts", name + " ended without running");
        running[request] = 0;
        if (e.id("results") == static_cast<int>(Results::cancelled) && !expected_.cancelled.contains(request))
          say("verdicts", name + " was cancelled, which nobody asked for");
      }
    }
    for (const auto& [build, times] : verdicts)
      if (times != 1)
        say("verdicts", "build " + std::to_string(build) + " ended " + std::to_string(times) + " times");
  }

  // A command runs at most once a build, and only for a build that was accepted.
  void check_starts() {
    std::set<std::pair<std::string, std::string>> accepted;
    for (const auto& e : events_)
      if (e.is("build.new"))
        accepted.emplace(e.topic.substr(sizeof "build.new"), std::to_string(e.id("number")));
    for (const auto& [argv, what] : expected_.started) {
      const auto name = argv.at(1) + "/" + argv.at(2) + " " + argv.at(3);
      if (what.times != 1)
        say("starts", "step " + name + " was started " + std::to_string(what.times) + " times");
      if (!accepted.contains({argv.at(1), argv.at(2)}))
        say("starts", "step " + name + " belongs to no build");
    }
  }

  // What a step wrote is what the store has; of a step that did not run to its end, a first part.
  void check_logs() {
    for (const auto& e : events_) {
      if (!e.is("build.finished")) continue;
      const auto build = wire::decode<wire::Build>(e.body).value();
      for (const auto& step : build.steps) {
        const std::vector<std::string> argv = {"step", e.topic.substr(sizeof "build.finished"),
                                               std::to_string(e.id("number")), step.name};
        const auto started = expected_.started.find(argv);
        for (const auto& log : step.logs)
          if (log.name == "stdio")
            check_log(e.id("buildid"), step, log, argv,
                      started != expected_.started.end() && !started->second.disturbed);
      }
    }
  }

  void check_log(std::int64_t build, const wire::StepRecord& step, const wire::LogRecord& log,
                 const std::vector<std::string>& argv, bool undisturbed) {
    const auto name = "build " + std::to_string(build) + " step " + step.name;
    const auto key = store_.keys().log_prefix(BuildId{build}) + std::to_string(step.number) + "." +
                     std::to_string(log.index) + ":c";
    std::string framed;
    for (const auto& chunk : store_.command({"LRANGE", key, "0", "-1"}).items) {
      const auto piece = logchunk::decode(chunk.text);
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
    const auto& keys = store_.keys();
    const auto empty = [&](const std::string& key, const char* count) {
      const auto left = store_.command({count, keys(key)}).integer;
      if (left != 0) say("leftovers", key + " holds " + std::to_string(left));
    };
    for (const auto& worker : expected_.workers) empty("slots:" + worker, "HLEN");
    empty("offers", "ZCARD");
    empty("open", "ZCARD");
    empty("leases", "ZCARD");
    empty("waiting", "SCARD");
    empty("due", "HLEN");
    for (const auto& e : events_)
      if (e.is("build.new") &&
          store_.command({"EXISTS", keys("build:" + std::to_string(e.id("buildid")))}).integer != 0)
        say("leftovers", "build " + std::to_string(e.id("buildid")) + " still has its live keys");
  }

  SimulatedStore& store_;
  const Expected& expected_;
  std::vector<wire::Event> events_;
  std::vector<Violation> violations_;
};

}  // namespace

std::vector<Violation> check(SimulatedStore& store, const Expected& expected) {
  return Checker(store, expected).run();
}

std::vector<Violation> check_slots(SimulatedStore& store, const std::map<std::string, int>& capacity) {
  std::vector<Violation> out;
  for (const auto& [worker, most] : capacity) {
    const auto slots = store.command({"HGETALL", store.keys()("slots:" + worker)}).items;
    if (static_cast<int>(slots.size() / 2) > most)
      out.push_back({"slots", worker + " has " + std::to_string(slots.size() / 2) + " claims for " +
                                  std::to_string(most) + " slots"});
    for (std::size_t i = 0; i + 1 < slots.size(); i += 2) {
      const auto r =
          store.command({"HMGET", store.keys()("request:" + slots[i + 1].text), "state", "worker", "slot"})
              .items;
      if ((r[0].text != "offered" && r[0].text != "running") || r[1].text != worker ||
          r[2].text != slots[i].text)
        out.push_back({"slots", "slot " + slots[i].text + " of " + worker + " is kept for request " +
                                    slots[i + 1].text + ", which is " + r[0].text + " at " + r[1].text});
    }
  }
  return out;
}

Story story(SimulatedStore& store) {
  const Expected nothing;
  Story out;
  Checker checker(store, nothing);
  for (const auto& e : checker.events()) {
    ++out.events;
    if (e.is("build.new")) ++out.builds;
    if (e.is("build.finished"))
      ++(e.id("results") == static_cast<int>(Results::retry) ? out.retried : out.finished);
  }
  return out;
}

}  // namespace headrace::simulation
