// SPDX-License-Identifier: Apache-2.0
// What the steps of one build share: the plan, the properties, the outbox, the questions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wire/codec.hpp"
#include "wire/plan.hpp"
#include "wire/worker_protocol.hpp"
#include "worker/core/actions.hpp"
#include "worker/core/progress_outbox.hpp"

namespace headrace::worker {

/// A question that no dispatcher has answered yet.
struct OpenQuestion {
  wire::Question message;  ///< without session and claim
  std::optional<MonoTime> sent;
};

struct BuildScope {
  const Machine& machine;
  Actions& actions;         ///< the core's
  std::int64_t& last_exec;  ///< the core's counter
  wire::BuildPlan plan;
  BuildId id;
  Properties properties;
  Results results = Results::success;
  ProgressOutbox outbox;
  std::map<std::string, int> names_used;
  std::vector<OpenQuestion> questions;
  std::int64_t last_question = 0;

  std::string build_directory() const { return machine.base_directory + "/" + plan.directory; }

  ExecId new_exec() { return ExecId{++last_exec}; }

  /// Asks for the value of function `function` of the configuration. @return the question's id
  std::int64_t ask(std::int64_t function, int step, std::optional<Results> step_results) {
    return ask("call",
               wire::to_value(wire::CallArguments{function, step, step_results, results, properties}));
  }

  /// Asks the dispatcher something by verb. @return the question's id
  std::int64_t ask(std::string verb, json::Value arguments) {
    OpenQuestion q;
    q.message.id = ++last_question;
    q.message.verb = std::move(verb);
    q.message.arguments = std::move(arguments);
    questions.push_back(std::move(q));
    return last_question;
  }

  /// Sets properties and reports them.
  void set(Properties changed) {
    override_with(properties, changed);
    wire::ProgressItem item;
    item.properties = std::move(changed);
    outbox.add(std::move(item));
  }

  /// `name` cut to 50 characters, with _1, _2 … when the build has had it before.
  std::string unique_name(std::string name) {
    // Cut between characters, not inside of one.
    if (name.size() > 50) {
      std::size_t end = 50;
      while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
      name.resize(end);
    }
    const int used = names_used[name]++;
    if (used == 0) return name;
    std::string with_number = name + "_" + std::to_string(used);
    ++names_used[with_number];
    return with_number;
  }
};

}  // namespace headrace::worker
