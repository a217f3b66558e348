// SPDX-License-Identifier: Apache-2.0
// For tests of the core and of the kinds: a core with a configuration, to which the test gives events and
// instants.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/test_support.hpp"
#include "scheduler/core.hpp"
#include "wire/codec.hpp"

namespace headrace::scheduler::testing {

using Texts = std::vector<std::string>;
using store::SchedulerApply, store::SchedulerDue;
using Timers = std::map<store::TimerName, store::Timer>;

inline wire::Change change(Texts files = {"src/a.c"}, std::optional<std::string> branch = "main") {
  wire::Change c;
  c.author = "ann";
  c.repository = "git/hello";
  c.files = std::move(files);
  c.branch = std::move(branch);
  return c;
}

/// Gives the actions of one type, in order.
template <class T>
std::vector<T> all(const Actions& actions) {
  std::vector<T> found;
  for (const auto& action : actions)
    if (const auto* one = std::get_if<T>(&action)) found.push_back(*one);
  return found;
}

/// Gives the action of a list that must have just this one. Exceptions: bad_variant_access, out_of_range.
template <class T>
T only(const Actions& actions) {
  EXPECT_EQ(actions.size(), 1u);
  return std::get<T>(actions.at(0));
}

inline Texts complaints(const Actions& actions) {
  Texts texts;
  for (const auto& complaint : all<Complain>(actions)) texts.push_back(complaint.text);
  return texts;
}

/// A core with the builders a and b and with the schedulers of the test. The cursor is at event 10.
struct CoreRun {
  static constexpr std::int64_t kTerm = 3;
  static constexpr ConfigVersion kVersion{7};

  explicit CoreRun(const std::string& schedulers, Timers timers = {})
      : configuration(config::evaluated("worker 'w' {}\n"
                                        "builder 'a' { workers = 'w', steps = step.compile {} }\n"
                                        "builder 'b' { workers = 'w', steps = step.compile {} }\n" +
                                        schedulers)),
        core(*configuration, kVersion, kTerm, {{EventNumber{10}, "t10"}, std::move(timers)}) {}

  /// Gives the next event to the core.
  Actions see(wire::Event event) {
    event.number.value = ++number;
    event.tag = "t" + std::to_string(number);
    core.on_event(event);
    return core.take_actions();
  }
  /// Gives a change to the core as the next event. The first change has id 1.
  Actions see(wire::Change c, std::int64_t at_ms = 1000) {
    wire::Event event;
    event.topic = "change.new";
    event.ids["changeid"] = ++change_id;
    event.at_ms = at_ms;
    c.id = {};  // not on the wire
    event.body = wire::encode(c);
    return see(std::move(event));
  }
  Actions at(std::int64_t now_ms) {
    core.on_time(now_ms);
    return core.take_actions();
  }
  /// Gives the decisions about the next change, as "make main" or "wait main 3 important 6000".
  Texts decide(wire::Change c, std::int64_t at_ms = 1000) {
    Texts out;
    const auto applied = all<SchedulerApply>(see(std::move(c), at_ms));
    EXPECT_LE(applied.size(), 1u) << "one transition an event, so that the cursor and its effect are one";
    for (const auto& apply : applied)
      for (const auto& operation : apply.operations)
        out.push_back(std::visit([](const auto& o) { return words(o); }, operation));
    return out;
  }

  std::unique_ptr<config::Configuration> configuration;
  Core core;
  std::int64_t number = 10, change_id = 0;

 private:
  static std::string words(const SchedulerApply::Make& o) { return "make " + o.scheduler; }
  static std::string words(const SchedulerApply::Wait& o) {
    return "wait " + o.timer.scheduler + " " + std::to_string(o.change.value) +
           (o.important ? " important" : " unimportant") + (o.due_ms ? " " + std::to_string(*o.due_ms) : "");
  }
};

}  // namespace headrace::scheduler::testing
