// SPDX-License-Identifier: Apache-2.0
#include "changesource/pollers/git/poll.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <sstream>
#include <utility>

#include "changesource/pollers/git/commits.hpp"
#include "changesource/pollers/git/refs.hpp"

namespace headrace::changesource::git_poller {
namespace {

using Args = std::vector<std::string>;

constexpr const char* kTracking = "refs/headrace/";  // + the remote's name of the ref without "refs/"
constexpr std::size_t kRefsPerFetch = 200;
constexpr std::size_t kMaxGone = 200;         // remembered
constexpr milliseconds kAskTimeout{120'000};  // for what does not move objects

// The last thing git said, which is why it failed.
std::string reason(const GitResult& result) {
  std::istringstream lines(result.err);
  std::string line, last;
  while (std::getline(lines, line)) {
    if (line.rfind("fatal: ", 0) == 0 || line.rfind("error: ", 0) == 0) return line;
    if (!line.empty()) last = line;
  }
  return last.empty() ? "git ended with status " + std::to_string(result.exit_code) : last;
}

std::set<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::set<std::string> out;
  for (std::string word; in >> word;) out.insert(word);
  return out;
}

std::string tracking_ref(const std::string& ref) {
  return kTracking + (ref.rfind("refs/", 0) == 0 ? ref.substr(5) : ref);
}

// A poll under way. Shared by the continuations of its steps, of which one is alive at a time.
class Flow : public std::enable_shared_from_this<Flow> {
 public:
  Flow(const GitPollerOptions& poller, std::optional<PollState> known)
      : poller_(poller), known_(std::move(known)) {
    if (known_ && known_->url != poller_.url) known_.reset();
  }

  PollStep start() {
    // All refs are asked for only when a pattern may mean any: a forge's have many more than branches.
    Args ask = {"ls-remote", "--symref"};
    const bool any_ref = std::any_of(poller_.branches.begin(), poller_.branches.end(),
                                     [](const std::string& p) { return p.rfind("refs/", 0) == 0; });
    if (!any_ref && poller_.only_tags) ask.push_back("--tags");
    ask.insert(ask.end(), {"--", poller_.url});
    if (!any_ref && !poller_.only_tags) ask.insert(ask.end(), {"HEAD", "refs/heads/*"});
    return run({{{"init", "--quiet", "--bare", "."}, kAskTimeout},
                {{"for-each-ref", "--format=%(objectname) %(refname)", kTracking}, kAskTimeout},
                {std::move(ask), kAskTimeout}},
               &Flow::on_refs);
  }

 private:
  using Results = std::vector<GitResult>;

  PollStep run(std::vector<GitCommand> commands, PollStep (Flow::*next)(const Results&)) {
    return Pending{std::move(commands), [self = shared_from_this(), next](const Results& results) {
                     return (*self.*next)(results);
                   }};
  }

  PollStep failed(std::string why) {
    Poll poll;
    poll.state = known_;
    poll.warnings = std::move(warnings_);
    poll.error = poller_.url + ": " + std::move(why);
    return poll;
  }

  PollStep on_refs(const Results& results) {
    for (const auto& result : results) {
      if (result.exit_code != 0) return failed(reason(result));
    }
    const auto remote = parse_ls_remote(results.at(2).out);
    if (!remote) return failed(remote.error().text);
    std::vector<std::string> missing;
    remote_ = wanted_ = watched(poller_, *remote, missing);
    head_ = remote->head;
    for (const auto& pattern : missing) warnings_.push_back("the repository has no '" + pattern + "'");
    if (known_ && known_->tips == wanted_) return end({});
    return run(fetch_commands(results.at(1).out), &Flow::on_fetched);
  }

  // What brings the tracking refs to where the remote is.
  std::vector<GitCommand> fetch_commands(const std::string& local_refs) {
    std::map<std::string, std::string> local;
    std::istringstream lines(local_refs);
    for (std::string commit, ref; lines >> commit >> ref;) local[ref] = commit;

    std::vector<GitCommand> commands;
    std::set<std::string> kept;
    for (const auto& [ref, commit] : wanted_) kept.insert(tracking_ref(ref));
    // First those that are gone, or a new branch a/b could not be stored beside an old branch a.
    for (const auto& [ref, commit] : local) {
      if (!kept.contains(ref)) commands.push_back({{"update-ref", "-d", ref}, kAskTimeout});
    }
    for (const auto& [ref, commit] : wanted_) {
      const auto it = local.find(tracking_ref(ref));
      if (it == local.end() || it->second != commit) to_fetch_.push_back(ref);
    }
    first_fetch_ = commands.size();
    for (std::size_t i = 0; i < to_fetch_.size(); i += kRefsPerFetch) {
      const auto end = std::min(i + kRefsPerFetch, to_fetch_.size());
      commands.push_back(fetch({to_fetch_.begin() + static_cast<std::ptrdiff_t>(i),
                                to_fetch_.begin() + static_cast<std::ptrdiff_t>(end)}));
    }
    return commands;
  }

  GitCommand fetch(const std::vector<std::string>& refs) const {
    Args args = {"-c",
                 "gc.autoDetach=false",
                 "fetch",
                 "--quiet",
                 "--force",
                 "--no-tags",
                 "--no-write-fetch-head",
                 "--no-recurse-submodules",
                 "--",
                 poller_.url};
    for (const auto& ref : refs) args.push_back("+" + ref + ":" + tracking_ref(ref));
    return {std::move(args)};
  }

  // One bad ref fails the fetch of all that are asked for with it: these are then asked for one by one.
  PollStep on_fetched(const Results& results) {
    for (std::size_t i = 0; first_fetch_ + i < results.size(); ++i) {
      if (results[first_fetch_ + i].exit_code == 0) continue;
      const auto begin = i * kRefsPerFetch;
      const auto end = std::min(begin + kRefsPerFetch, to_fetch_.size());
      retried_.insert(retried_.end(), to_fetch_.begin() + static_cast<std::ptrdiff_t>(begin),
                      to_fetch_.begin() + static_cast<std::ptrdiff_t>(end));
    }
    if (retried_.empty()) return look_for_commits();
    std::vector<GitCommand> commands;
    for (const auto& ref : retried_) commands.push_back(fetch({ref}));
    return run(std::move(commands), &Flow::on_fetched_singly);
  }

  PollStep on_fetched_singly(const Results& results) {
    for (std::size_t i = 0; i < retried_.size(); ++i) {
      if (results.at(i).exit_code != 0) drop(retried_[i], "cannot be fetched: " + reason(results[i]));
    }
    return look_for_commits();
  }

  // `ref` is left where the last poll saw it, so that the next one tries again.
  void drop(const std::string& ref, const std::string& why) {
    warnings_.push_back("'" + branch_name(ref) + "' " + why);
    wanted_.erase(ref);
    dropped_.insert(ref);
  }

  PollStep look_for_commits() {
    std::set<std::string> commits;
    for (const auto& [ref, commit] : wanted_) commits.insert(commit);
    if (known_) {
      for (const auto& [ref, commit] : known_->tips) commits.insert(commit);
      for (const auto& [ref, commit] : known_->gone) commits.insert(commit);
    }
    if (commits.empty()) return end({});
    Args args = {"rev-list", "--no-walk", "--ignore-missing"};
    args.insert(args.end(), commits.begin(), commits.end());
    return run({{std::move(args), kAskTimeout}}, &Flow::on_commits_present);
  }

  PollStep on_commits_present(const Results& results) {
    // Fails as a whole only when a tip is no commit at all; then each is judged as missing, safely.
    present_ = words(results.at(0).out);
    std::vector<std::string> absent;
    for (const auto& [ref, commit] : wanted_) {
      if (!present_.contains(commit)) absent.push_back(ref);
    }
    for (const auto& ref : absent) drop(ref, "moved while it was fetched, or is no commit");
    return known_ ? read_logs() : end({});
  }

  PollStep read_logs() {
    std::vector<GitCommand> logs;
    std::set<std::string> seen;
    for (const auto* tips : {&known_->tips, &known_->gone}) {
      for (const auto& [ref, commit] : *tips) {
        if (present_.contains(commit)) seen.insert(commit);
      }
    }
    const bool lost_all = seen.empty() && !(known_->tips.empty() && known_->gone.empty());
    changed_.clear();
    for (const auto& ref : in_order()) {
      const std::string& tip = wanted_.at(ref);
      if (!seen.contains(tip)) {
        const bool lost = known_as(ref).empty() ? lost_all : !present_.contains(known_as(ref));
        changed_.push_back(ref);
        logs.push_back(log(ref, tip, seen, lost));
      }
      seen.insert(tip);
    }
    return logs.empty() ? end({}) : run(std::move(logs), &Flow::on_logs);
  }

  // The commit at which a ref was seen last; "" for a new one.
  std::string known_as(const std::string& ref) const {
    for (const auto* tips : {&known_->tips, &known_->gone})
      if (const auto it = tips->find(ref); it != tips->end()) return it->second;
    return "";
  }

  // Branches known before, then new ones, so that a commit on both belongs to the old one; HEAD's first.
  std::vector<std::string> in_order() const {
    std::vector<std::string> out;
    for (const auto& [ref, commit] : wanted_) out.push_back(ref);
    const auto rank = [&](const std::string& ref) {
      return std::make_pair(!known_->tips.contains(ref), ref != head_);
    };
    std::stable_sort(out.begin(), out.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    return out;
  }

  GitCommand log(const std::string& ref, const std::string& tip, const std::set<std::string>& seen,
                 bool lost) {
    Args args = log_arguments();
    if (lost) {
      // Without the old tip everything since the project's beginning would look new.
      lost_.insert(ref);
      args.push_back("--max-count=1");
    }
    args.push_back(tip);
    for (const auto& commit : seen) args.push_back("^" + commit);
    args.push_back("--");
    return {std::move(args)};
  }

  PollStep on_logs(const Results& results) {
    std::vector<wire::Change> changes;
    bool all_good = true;
    for (std::size_t i = 0; i < changed_.size(); ++i) {
      const auto& ref = changed_[i];
      auto commits = results.at(i).exit_code == 0 ? parse_log(results[i].out) : fail(reason(results[i]));
      if (!commits) {
        all_good = false;
        drop(ref, "cannot be read: " + commits.error().text);
        continue;
      }
      for (auto& change : *commits) {
        change.branch = branch_name(ref);
        changes.push_back(std::move(change));
      }
    }
    // What a branch shares with one that could not be read was left to that one: now it is not.
    return all_good ? end(std::move(changes)) : read_logs();
  }

  PollStep end(std::vector<wire::Change> changes) {
    Poll poll;
    for (auto& change : changes) {
      change.repository = poller_.url;
      change.project = poller_.project;
      change.codebase = poller_.codebase;
      change.category = poller_.category;
    }
    poll.changes = std::move(changes);
    poll.state = PollState{poller_.url, wanted_};
    auto& tips = poll.state->tips;
    if (!known_) tips = remote_;  // to know where a branch is, nothing need be fetched
    for (const auto& ref : lost_) {
      if (!wanted_.contains(ref)) continue;
      warnings_.push_back("'" + branch_name(ref) +
                          "' has left all that was known: only its newest commit is taken");
    }
    if (known_) {
      auto& gone = poll.state->gone;
      gone = known_->gone;
      for (const auto& [ref, commit] : known_->tips) {
        if (dropped_.contains(ref)) tips.emplace(ref, commit);
        if (remote_.contains(ref)) continue;
        warnings_.push_back("'" + branch_name(ref) + "' is gone");
        gone.insert_or_assign(ref, commit);
      }
      for (const auto& [ref, commit] : tips) gone.erase(ref);
      while (gone.size() > kMaxGone) gone.erase(gone.begin());
    }
    poll.warnings = std::move(warnings_);
    return poll;
  }

  const GitPollerOptions poller_;
  std::optional<PollState> known_;
  std::string head_;
  std::map<std::string, std::string> remote_;  ///< ref → commit, those that are watched
  std::map<std::string, std::string> wanted_;  ///< the same without those that could not be read
  std::vector<std::string> to_fetch_, retried_;
  std::size_t first_fetch_ = 0;  ///< among the commands of the first fetch
  std::set<std::string> dropped_, lost_;
  std::set<std::string> present_;     ///< commits, of those in question, that are here
  std::vector<std::string> changed_;  ///< the refs whose logs are read, in order
  std::vector<std::string> warnings_;
};

}  // namespace

const std::map<std::string, std::string>& git_environment() {
  static const std::map<std::string, std::string> environment = {{"GIT_TERMINAL_PROMPT", "0"},
                                                                 {"GIT_ASKPASS", "true"},
                                                                 {"GIT_SSH_COMMAND", "ssh -o BatchMode=yes"},
                                                                 {"GIT_OPTIONAL_LOCKS", "0"},
                                                                 {"LC_ALL", "C"}};
  return environment;
}

PollStep start_poll(const GitPollerOptions& poller, std::optional<PollState> known) {
  return std::make_shared<Flow>(poller, std::move(known))->start();
}

}  // namespace headrace::changesource::git_poller
