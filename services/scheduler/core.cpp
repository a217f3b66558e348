// SPDX-License-Identifier: Apache-2.0
#include "scheduler/core.hpp"

#include <algorithm>

#include "buildset/buildset.hpp"
#include "config/glob.hpp"
#include "wire/codec.hpp"

namespace headrace::scheduler {
namespace {

void append(std::vector<std::string>& to, std::vector<std::string> more) {
  for (auto& x : more) to.push_back(std::move(x));
}

// Body, count and (builder, priority) pairs, as the functions take a buildset.
std::vector<std::string> buildset_arguments(const wire::Buildset& buildset) {
  std::vector<std::string> out = {wire::encode(buildset), std::to_string(buildset.requests.size())};
  for (const auto& r : buildset.requests) {
    out.push_back(r.builder);
    out.push_back(std::to_string(r.priority));
  }
  return out;
}

}  // namespace

Core::Core(config::Configuration& configuration, ConfigVersion version, std::int64_t term,
           events::Cursor cursor, std::map<ListName, WaitingList> waiting)
    : configuration_(configuration),
      version_(version),
      term_(term),
      committed_(cursor),
      seen_(std::move(cursor)),
      waiting_(std::move(waiting)) {
  for (const auto& declared : configuration_.site().schedulers)
    if (declared.kind == "branch")
      branch_schedulers_.push_back({declared, declared.options.as<BranchOptions>()});
}

const Core::BranchScheduler* Core::branch_scheduler(const std::string& name) const {
  for (const auto& scheduler : branch_schedulers_)
    if (scheduler.declared.name == name) return &scheduler;
  return nullptr;
}

void Core::on_event(const wire::Event& event, std::vector<store::Call>& calls) {
  seen_ = {event.number, event.tag};
  if (!event.is("change.new")) return;
  auto change = wire::decode<wire::Change>(event.body);
  if (!change) {
    complaints_.push_back("change " + std::to_string(event.id("changeid")) +
                          " cannot be read: " + change.error().text);
    return;
  }
  change->id.value = event.id("changeid");
  for (const auto& scheduler : branch_schedulers_) on_change(scheduler, *change, event.at_ms);
  if (!decisions_.empty()) commit_decisions(calls);
}

// Buildbot's pipeline: change filter, codebase, importance, only_important.
bool Core::wanted(const BranchScheduler& scheduler, const wire::Change& change, bool& important) {
  const auto& options = scheduler.options;
  const auto complain = [&](const Error& e) {
    complaints_.push_back("scheduler " + scheduler.declared.name + " ignores change " +
                          std::to_string(change.id.value) + ": " + e.text);
    return false;
  };
  if (options.branch && change.branch != *options.branch) return false;
  if (options.change_filter) {
    const auto matches = configuration_.matches(*options.change_filter, change);
    if (!matches) return complain(matches.error());
    if (!*matches) return false;
  }
  if (options.codebases.empty() ? !change.codebase.empty() : !options.codebases.contains(change.codebase))
    return false;

  important = true;
  if (options.important) {
    const auto answer = configuration_.call(options.important, config::change_argument(change));
    if (!answer) return complain(answer.error());
    important = answer->truthy();
  } else if (!options.important_files.empty()) {
    important = std::any_of(change.files.begin(), change.files.end(), [&](const std::string& file) {
      return std::any_of(options.important_files.begin(), options.important_files.end(),
                         [&](const std::string& glob) { return config::path_glob(glob, file); });
    });
  }
  return important || !options.only_important;
}

void Core::on_change(const BranchScheduler& scheduler, const wire::Change& change, std::int64_t at_ms) {
  bool important = false;
  if (!wanted(scheduler, change, important)) return;
  const auto& [declared, options] = scheduler;
  if (options.tree_stable_timer == milliseconds(0)) {
    if (!important) return;  // forgotten: it never appears in a later build's changes
    std::vector<std::string> op = {"set", declared.name};
    append(op, buildset_arguments(make_buildset(scheduler, {change})));
    decisions_.push_back(std::move(op));
    return;
  }
  auto& list = waiting_[{declared.name, ""}];
  list.changes.push_back({change, important});
  // An unimportant change keeps a running timer waiting, but never starts one.
  std::string due;
  if (important || list.due_ms) {
    list.due_ms = at_ms + options.tree_stable_timer.count();
    due = std::to_string(*list.due_ms);
  }
  decisions_.push_back(
      {"wait", declared.name, "", std::to_string(change.id.value), important ? "1" : "0", due});
}

wire::Buildset Core::make_buildset(const BranchScheduler& scheduler, std::vector<wire::Change> changes) {
  auto made =
      buildset::make_buildset(configuration_, scheduler.declared,
                              {.codebases = scheduler.options.codebases, .changes = std::move(changes)});
  for (auto& complaint : made.complaints) complaints_.push_back(std::move(complaint));
  return std::move(made.set);
}

void Core::commit_decisions(std::vector<store::Call>& calls) {
  store::Call call{
      "scheduler_apply",
      {std::to_string(term_), std::to_string(committed_.number.value), std::to_string(seen_.number.value),
       seen_.tag, std::to_string(version_.value), std::to_string(decisions_.size())}};
  for (auto& op : decisions_) append(call.args, std::move(op));
  decisions_.clear();
  committed_ = seen_;
  calls.push_back(std::move(call));
}

void Core::on_idle(std::vector<store::Call>& calls) {
  if (seen_.number > committed_.number) commit_decisions(calls);
}

void Core::on_time(std::int64_t now_ms, std::vector<store::Call>& calls) {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    auto& [name, list] = *it;
    const auto* scheduler = branch_scheduler(name.first);
    if (!scheduler) {
      calls.push_back(
          {"waiting_drop", {std::to_string(term_), std::to_string(version_.value), name.first, name.second}});
      it = waiting_.erase(it);
      continue;
    }
    if (!list.due_ms || *list.due_ms > now_ms) {
      ++it;
      continue;
    }
    std::vector<wire::Change> changes;
    store::Call call{"scheduler_due",
                     {std::to_string(term_), std::to_string(version_.value), name.first, name.second,
                      std::to_string(*list.due_ms), "", std::to_string(list.changes.size())}};
    for (const auto& w : list.changes) {
      call.args.push_back(std::to_string(w.change.id.value));
      changes.push_back(w.change);
    }
    append(call.args, buildset_arguments(make_buildset(*scheduler, std::move(changes))));
    calls.push_back(std::move(call));
    it = waiting_.erase(it);
  }
}

std::optional<std::int64_t> Core::next_due() const {
  std::optional<std::int64_t> out;
  for (const auto& [name, list] : waiting_)
    if (list.due_ms && (!out || *list.due_ms < *out)) out = list.due_ms;
  return out;
}

std::vector<std::string> Core::take_complaints() { return std::exchange(complaints_, {}); }

}  // namespace headrace::scheduler
