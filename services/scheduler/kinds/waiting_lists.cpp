// SPDX-License-Identifier: Apache-2.0
#include "scheduler/kinds/waiting_lists.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace headrace::scheduler {
namespace {

constexpr std::int64_t kInexact = 1000;  // ms: what is thought to be Redis's time may be behind it

}  // namespace

bool WaitingLists::is_key(const std::string& key) {
  return std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
}

WaitingLists::History WaitingLists::history(const wire::Change& change) {
  return {change.repository, change.project, change.branch};
}

// A history is in one list at most, because a list that has it already comes before one without its codebase.
WaitingLists::Entry& WaitingLists::entry_for(std::vector<Entry>& among, const wire::Change& change) const {
  Entry* without_codebase = nullptr;
  for (auto& entry : among) {
    const auto same = entry.histories.find(change.codebase);
    if (same == entry.histories.end()) {
      if (codebases_together_ && !without_codebase) without_codebase = &entry;
    } else if (same->second == history(change)) {
      return entry;
    }
  }
  auto& entry = without_codebase ? *without_codebase : among.emplace_back();
  if (!without_codebase) entry.list.key = std::to_string(change.id.value);
  entry.histories[change.codebase] = history(change);
  return entry;
}

WaitingLists::Parts WaitingLists::take(const std::string& key, store::Timer timer) {
  std::vector<Entry> lists;
  for (auto& waiting : timer.changes) {
    auto& part = entry_for(lists, waiting.change).list.timer;
    if (waiting.important) part.due_ms = timer.due_ms;
    part.changes.push_back(std::move(waiting));
  }
  Parts parts;
  if (lists.size() == 1) {
    lists.front().list.key = key;
    lists.front().list.timer.due_ms = timer.due_ms;
  } else {
    for (const auto& [list, histories, sooner_ms] : lists) {
      auto& part = parts.emplace_back(store::WaitingSplit::Part{list.key, list.timer.due_ms, {}});
      for (const auto& waiting : list.timer.changes) part.changes.push_back(waiting.change.id);
    }
  }
  std::move(lists.begin(), lists.end(), std::back_inserter(entries_));
  return parts;
}

WaitingLists::List& WaitingLists::put(const wire::Change& change, bool important) {
  auto& entry = entry_for(entries_, change);
  entry.sooner_ms.reset();
  auto& list = entry.list;
  list.timer.changes.push_back({change, important});
  return list;
}

void WaitingLists::wait_at_most(std::int64_t most_ms, std::int64_t now_ms) {
  for (auto& entry : entries_)
    if (entry.due_ms().value_or(now_ms) - now_ms > most_ms + kInexact) entry.sooner_ms = now_ms + most_ms;
}

std::vector<WaitingLists::List> WaitingLists::take_due(std::int64_t now_ms) {
  const auto due = std::stable_partition(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return !entry.due_ms() || *entry.due_ms() > now_ms;
  });
  std::vector<List> lists;
  for (auto entry = due; entry != entries_.end(); ++entry) lists.push_back(std::move(entry->list));
  entries_.erase(due, entries_.end());
  std::stable_sort(lists.begin(), lists.end(),
                   [](const List& a, const List& b) { return a.timer.due_ms < b.timer.due_ms; });
  return lists;
}

std::optional<std::int64_t> WaitingLists::next_due() const {
  std::optional<std::int64_t> next;
  for (const auto& entry : entries_) {
    const auto due = entry.due_ms();
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

}  // namespace headrace::scheduler
