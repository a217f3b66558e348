// SPDX-License-Identifier: Apache-2.0
// From changes to a buildset, with Buildbot's layering: the scheduler's properties, then the changes'.
#include "scheduler/core.hpp"
#include "wire/codec.hpp"

namespace headrace::scheduler {
namespace {

wire::SourceStamp stamp_of(const wire::Change& change) {
  return {change.codebase, change.repository, change.project, change.branch, change.revision};
}

// One sourcestamp per codebase: of its newest change (highest id), else the scheduler's default.
std::vector<wire::SourceStamp> sourcestamps(const std::map<std::string, wire::SourceStamp>& codebases,
                                            const std::vector<wire::Change>& changes) {
  std::map<std::string, wire::SourceStamp> out = codebases;
  if (out.empty()) out[""] = {};
  std::map<std::string, ChangeId> newest;
  for (const auto& change : changes) {
    auto& id = newest[change.codebase];
    if (change.id < id) continue;
    id = change.id;
    out[change.codebase] = stamp_of(change);
  }
  std::vector<wire::SourceStamp> list;
  for (auto& [codebase, stamp] : out) {
    stamp.codebase = codebase;
    list.push_back(std::move(stamp));
  }
  return list;
}

}  // namespace

wire::Buildset make_buildset(config::Configuration& configuration, const config::Scheduler& scheduler,
                             const std::map<std::string, wire::SourceStamp>& codebases,
                             const std::vector<wire::Change>& changes, std::vector<std::string>& complaints) {
  wire::Buildset set;
  set.scheduler = scheduler.name;
  set.reason = scheduler.reason.empty() ? "The " + scheduler.kind + " scheduler named '" + scheduler.name +
                                              "' triggered this build"
                                        : scheduler.reason;
  set.sourcestamps = sourcestamps(codebases, changes);
  json::Array all;
  for (const auto& change : changes) {
    set.changes.push_back(change.id);
    all.push_back(config::change_argument(change));
  }
  for (const auto& [name, value] : scheduler.properties) {
    const auto& question = value["$question"];
    if (!question.is_int()) {
      set.properties[name] = {value, "Scheduler"};
      continue;
    }
    auto answer =
        configuration.call(question.as_int(), json::Object{{"changes", all}, {"scheduler", scheduler.name}});
    if (answer) {
      set.properties[name] = {std::move(*answer), "Scheduler"};
    } else {
      complaints.push_back("scheduler " + scheduler.name + ", property " + name + ": " + answer.error().text);
    }
  }
  for (const auto& change : changes) override_with(set.properties, change.properties);
  set.properties["scheduler"] = {scheduler.name, "Scheduler"};
  for (const auto& builder : scheduler.builders) set.requests.push_back({{}, builder, scheduler.priority});
  return set;
}

std::vector<std::string> buildset_arguments(const wire::Buildset& buildset) {
  std::vector<std::string> out = {wire::encode(buildset), std::to_string(buildset.requests.size())};
  for (const auto& r : buildset.requests) {
    out.push_back(r.builder);
    out.push_back(std::to_string(r.priority));
  }
  return out;
}

}  // namespace headrace::scheduler
