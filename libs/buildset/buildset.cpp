// SPDX-License-Identifier: Apache-2.0
#include "buildset/buildset.hpp"

#include <utility>

namespace headrace::buildset {
namespace {

wire::SourceStamp stamp_of(const wire::Change& change) {
  return {change.codebase, change.repository, change.project, change.branch, change.revision};
}

// A change with a higher id is newer, wherever it stands.
std::vector<wire::SourceStamp> sourcestamps(std::map<std::string, wire::SourceStamp> codebases,
                                            const std::vector<wire::Change>& changes) {
  if (codebases.empty()) codebases[""] = {};
  std::map<std::string, ChangeId> newest;
  for (const auto& change : changes) {
    auto& id = newest[change.codebase];
    if (change.id < id) continue;
    id = change.id;
    codebases[change.codebase] = stamp_of(change);
  }
  std::vector<wire::SourceStamp> stamps;
  for (auto& [codebase, stamp] : codebases) {
    stamp.codebase = codebase;
    stamps.push_back(std::move(stamp));
  }
  return stamps;
}

void add_scheduler_properties(config::Configuration& configuration, const config::Scheduler& scheduler,
                              const std::vector<wire::Change>& changes, Made& made) {
  json::Array all;
  for (const auto& change : changes) all.push_back(config::change_argument(change));
  const json::Value request = json::Object{{"changes", std::move(all)}, {"scheduler", scheduler.name}};
  for (const auto& [name, value] : scheduler.properties) {
    const auto& function = value["$question"];
    auto answer = function.is_int() ? configuration.call(function.as_int(), request) : value;
    if (answer) {
      made.set.properties[name] = {std::move(*answer), "Scheduler"};
    } else {
      made.complaints.push_back("scheduler " + scheduler.name + ", property " + name + ": " +
                                answer.error().text);
    }
  }
}

std::string reason_of(const config::Scheduler& scheduler, const Wanted& wanted) {
  if (!wanted.reason.empty()) return wanted.reason;
  if (!scheduler.reason.empty()) return scheduler.reason;
  return "The " + scheduler.kind + " scheduler named '" + scheduler.name + "' triggered this build";
}

}  // namespace

Made make_buildset(config::Configuration& configuration, const config::Scheduler& scheduler, Wanted wanted) {
  Made made;
  auto& set = made.set;
  set.scheduler = scheduler.name;
  set.reason = reason_of(scheduler, wanted);
  set.sourcestamps = sourcestamps(std::move(wanted.codebases), wanted.changes);
  for (const auto& change : wanted.changes) set.changes.push_back(change.id);

  set.properties = std::move(wanted.properties);
  add_scheduler_properties(configuration, scheduler, wanted.changes, made);
  for (const auto& change : wanted.changes) override_with(set.properties, change.properties);
  set.properties["scheduler"] = {scheduler.name, "Scheduler"};

  for (const auto& builder : wanted.builders.empty() ? scheduler.builders : wanted.builders)
    set.requests.push_back({{}, builder, scheduler.priority});
  return made;
}

}  // namespace headrace::buildset
