// SPDX-License-Identifier: Apache-2.0
// scheduler.branch: builds changes, at once or after a while without a further change (the tree-stable
// timer). Each history has a timer of its own: waiting_lists.hpp.
#include <algorithm>
#include <map>
#include <utility>

#include "clock/clock.hpp"
#include "config/change_filter.hpp"
#include "config/glob.hpp"
#include "scheduler/kinds/kind.hpp"
#include "scheduler/kinds/waiting_lists.hpp"

namespace headrace::scheduler {
namespace {

struct BranchOptions {
  /// When set, only changes of this branch count; nullopt inside: only changes without a branch.
  std::optional<std::optional<std::string>> branch;
  milliseconds tree_stable_timer{0};         ///< 0: every important change is built at once
  std::vector<std::string> important_files;  ///< globs (`**` crosses directories); empty: all are important
  config::FunctionId important = 0;
  bool only_important = false;
  std::optional<config::ChangeFilter> change_filter;
  std::map<std::string, wire::SourceStamp> codebases;  ///< name → defaults; empty: the one codebase ""

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("branch", s.branch), f("tree_stable_timer", s.tree_stable_timer);
    f("important_files", s.important_files), f("important", s.important);
    f("only_important", s.only_important), f("change_filter", s.change_filter), f("codebases", s.codebases);
  }
};

class Branch final : public RunningScheduler {
 public:
  Branch(config::Configuration& configuration, const config::Scheduler& declared)
      : RunningScheduler(configuration, declared),
        options_(declared.options.as<BranchOptions>()),
        // A declared branch makes its codebases one tree. Without it, nothing says which branches belong
        // together.
        waiting_(options_.branch.has_value()) {}

  bool take_timer(const std::string& key, store::Timer stored, Decisions& out) override {
    if (!WaitingLists::is_key(key) || stored.changes.empty()) return false;
    auto parts = waiting_.take(key, std::move(stored));
    if (!parts.empty()) out.splits.push_back({{}, {}, timer(key), std::move(parts)});
    return true;
  }

  void on_change(const wire::Change& change, std::int64_t at_ms, Decisions& out) override {
    const auto important = importance(change, out);
    if (!important) return;
    if (options_.tree_stable_timer == milliseconds(0)) {
      // An unimportant change is forgotten. It never appears among the changes of a later build.
      if (*important) out.about_event.push_back(store::SchedulerApply::Make{name(), build({change}, out)});
      return;
    }
    auto& list = waiting_.put(change, *important);
    store::SchedulerApply::Wait wait{timer(list.key), change.id, *important, {}};
    // An unimportant change restarts a timer that runs, but never starts one.
    auto& due_ms = list.timer.due_ms;
    if (*important || due_ms) {
      due_ms = at_ms + options_.tree_stable_timer.count();
      wait.due_ms = due_ms;
    }
    out.about_event.push_back(std::move(wait));
  }

  void on_time(std::int64_t now_ms, Decisions& out) override {
    waiting_.wait_at_most(options_.tree_stable_timer.count(), now_ms);
    for (auto& list : waiting_.take_due(now_ms)) {
      store::SchedulerDue due;
      due.timer = timer(list.key);
      due.due_ms = list.timer.due_ms;
      std::vector<wire::Change> changes;
      for (auto& waiting : list.timer.changes) {
        due.changes.push_back(waiting.change.id);
        changes.push_back(std::move(waiting.change));
      }
      due.set = build(std::move(changes), out);
      out.due.push_back(std::move(due));
    }
  }

  std::optional<std::int64_t> next_due() const override { return waiting_.next_due(); }

 private:
  // Tests a change in Buildbot's order: branch, change filter, codebase, importance, only_important.
  // @return whether the change is important; nothing when it does not concern this scheduler
  std::optional<bool> importance(const wire::Change& change, Decisions& out) const {
    const auto wanted = passes_filters(change);
    if (!wanted) return ignore(change, wanted.error(), out);
    if (!*wanted) return {};
    const auto important = is_important(change);
    if (!important) return ignore(change, important.error(), out);
    if (!*important && options_.only_important) return {};
    return *important;
  }

  std::optional<bool> ignore(const wire::Change& change, const Error& why, Decisions& out) const {
    out.complaints.push_back("scheduler " + name() + " ignores change " + std::to_string(change.id.value) +
                             ": " + why.text);
    return {};
  }

  Result<bool> passes_filters(const wire::Change& change) const {
    if (options_.branch && change.branch != *options_.branch) return false;
    if (options_.change_filter) {
      const auto matches = configuration().matches(*options_.change_filter, change);
      if (!matches || !*matches) return matches;
    }
    return options_.codebases.empty() ? change.codebase.empty()
                                      : options_.codebases.contains(change.codebase);
  }

  Result<bool> is_important(const wire::Change& change) const {
    if (options_.important) {
      const auto answer = configuration().call(options_.important, config::change_argument(change));
      if (!answer) return tl::unexpected(answer.error());
      return answer->truthy();
    }
    const auto& globs = options_.important_files;
    if (globs.empty()) return true;
    return std::any_of(change.files.begin(), change.files.end(), [&](const std::string& file) {
      return std::any_of(globs.begin(), globs.end(),
                         [&](const std::string& glob) { return config::path_glob(glob, file); });
    });
  }

  wire::Buildset build(std::vector<wire::Change> changes, Decisions& out) const {
    return make_buildset({.codebases = options_.codebases, .changes = std::move(changes)}, out);
  }

  BranchOptions options_;
  WaitingLists waiting_;  // the changes since the last buildset of their history
};

}  // namespace

extern const Kind branch_kind;
const Kind branch_kind{.name = "branch", .start = start<Branch>};

}  // namespace headrace::scheduler
