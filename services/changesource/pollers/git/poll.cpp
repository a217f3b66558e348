// SPDX-License-Identifier: Apache-2.0
#include "changesource/pollers/git/poll.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <set>
#include <sstream>
#include <utility>

#include "changesource/pollers/git/commits.hpp"
#include "changesource/pollers/git/refs.hpp"
#include "git/address.hpp"
#include "git/environment.hpp"

namespace headrace::changesource::git_poller {
namespace {

using Strings = std::vector<std::string>;

constexpr std::size_t kManyRefs = 1000;         // moved at once: written as one file
constexpr std::size_t kParts = 16;              // of a fetch that failed, each tried by itself
constexpr std::size_t kMaxGone = 200;           // remembered
constexpr std::size_t kInputBytes = 32u << 20;  // of the commands that are said at once

// The last thing git said, which is why it failed.
std::string reason(const GitResult& result) {
  std::string said = git::without_passwords(result.err), line, last;
  std::replace(said.begin(), said.end(), '\r', '\n');
  std::istringstream lines(said);
  while (std::getline(lines, line)) {
    if (line.starts_with("fatal: ") || line.starts_with("error: ")) return line;
    if (!line.empty()) last = line;
  }
  return last.empty() ? "git ended with status " + std::to_string(result.exit_code) : last;
}

// "commit type size" or "commit missing" of each line. @return the type of what is there
std::map<std::string, std::string> types(const std::string& text) {
  std::map<std::string, std::string> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string object, type;
    if (words >> object >> type && type != "missing") out[object] = type;
  }
  return out;
}

// A poll under way. Shared by the continuations of its steps, of which one is alive at a time.
class Flow : public std::enable_shared_from_this<Flow> {
 public:
  Flow(const GitPollerOptions& poller, std::optional<PollState> known)
      : poller_(poller), address_(git::without_passwords(poller.url)), known_(std::move(known)) {
    if (known_ && git::without_passwords(known_->url) != address_) known_.reset();
  }

  PollStep start() {
    // All refs are asked for only when a pattern may mean any: a forge's have many more than branches.
    const bool any_ref = std::any_of(poller_.branches.begin(), poller_.branches.end(),
                                     [](const std::string& p) { return p.starts_with("refs/"); });
    Strings options, wanted;
    if (!any_ref && poller_.only_tags) options = {"--tags"};
    if (!any_ref && !poller_.only_tags) wanted = {"HEAD", "refs/heads/*"};
    return run({tidy(), make_repository(format_), object_format(), local_refs(),
                ask_remote(poller_.url, options, wanted)},
               &Flow::on_refs);
  }

 private:
  using Results = std::vector<GitResult>;

  PollStep run(std::vector<GitCommand> commands, PollStep (Flow::*next)(const Results&)) {
    return Pending{std::move(commands), [self = shared_from_this(), next](const Results& results) {
                     return (*self.*next)(results);
                   }};
  }

  PollStep failed(const std::string& why) {
    Poll poll;
    poll.state = known_;
    poll.warnings = std::move(warnings_);
    poll.error = address_ + ": " + why;
    return poll;
  }

  // Forgets the cache and all that was found so far, once in a poll.
  PollStep anew(const std::string& format) {
    auto flow = std::make_shared<Flow>(poller_, known_);
    flow->format_ = format;
    flow->made_anew_ = true;
    return run({remove_everything()}, [flow](const Results&) { return flow->start(); });
  }
  PollStep run(std::vector<GitCommand> commands, std::function<PollStep(const Results&)> next) {
    return Pending{std::move(commands), std::move(next)};
  }

  PollStep on_refs(const Results& results) {
    const auto& remote_answer = results.at(4);
    for (const auto& local : {results.at(0), results.at(1), results.at(2), results.at(3)})
      if (local.exit_code != 0) return made_anew_ ? failed(reason(local)) : anew(format_);
    if (remote_answer.exit_code != 0) return failed(reason(remote_answer));
    const auto remote = parse_ls_remote(remote_answer.out);
    if (!remote) return failed(remote.error().text);
    Strings missing;
    remote_ = wanted_ = watched(poller_, *remote, missing);
    head_ = remote->head;
    for (const auto& pattern : missing) warnings_.push_back("the repository has no '" + pattern + "'");
    if (known_ && known_->tips == wanted_ && known_->unread.empty()) return end({});
    const std::string format = !wanted_.empty() && wanted_.begin()->second.size() == 64 ? "sha256" : "sha1";
    if (!wanted_.empty() && !results[2].out.starts_with(format))
      return made_anew_ ? failed("this git has no repositories of format " + format) : anew(format);
    return run(fetch_commands(*remote, results[3].out), &Flow::on_fetched);
  }

  // What brings the tracking refs to where the remote is.
  std::vector<GitCommand> fetch_commands(const RemoteRefs& remote, const std::string& local_refs) {
    std::map<std::string, std::string> local;
    std::istringstream lines(local_refs);
    for (std::string commit, ref; lines >> commit >> ref;) local[ref] = commit;

    std::vector<GitCommand> commands;
    std::set<std::string> kept;
    for (const auto& [ref, commit] : wanted_) kept.insert(tracking_ref(ref));
    Strings old, moved;
    for (const auto& [ref, commit] : local)
      if (!kept.contains(ref)) old.push_back(ref);
    for (const auto& [ref, commit] : wanted_) {
      const auto it = local.find(tracking_ref(ref));
      if (it == local.end() || it->second != commit) moved.push_back(ref);
    }
    // First those that are gone, or a new branch a/b could not be stored beside an old branch a.
    if (!old.empty()) commands.push_back(delete_refs(old));
    first_fetch_ = commands.size();
    if (!moved.empty()) {
      parts_ = {moved};
      // Of very many names git takes the pattern much faster than the list.
      const bool all = moved.size() > kManyRefs && all_branches(remote);
      commands.push_back(fetch(poller_.url, all ? Strings{refspec("refs/heads/*")} : refspecs(moved)));
      if (moved.size() > kManyRefs) commands.push_back(pack_refs());
      commands.push_back(collect_garbage());
    }
    return commands;
  }

  // Whether the branches of the remote, all of them and no other refs, are watched.
  bool all_branches(const RemoteRefs& remote) const {
    const auto is_head = [](const auto& ref) { return ref.first.starts_with("refs/heads/"); };
    return std::all_of(wanted_.begin(), wanted_.end(), is_head) &&
           static_cast<std::size_t>(std::count_if(remote.commits.begin(), remote.commits.end(), is_head)) ==
               wanted_.size();
  }

  static Strings refspecs(const Strings& refs) {
    Strings out;
    for (const auto& ref : refs) out.push_back(refspec(ref));
    return out;
  }

  // One bad ref fails the fetch of all that are asked for with it: the parts of that fetch are tried alone,
  // then the parts of those that fail, down to the ref.
  PollStep on_fetched(const Results& results) {
    std::vector<Strings> next;
    std::vector<GitCommand> commands;
    std::size_t failures = 0;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const auto& result = results.at(first_fetch_ + i);
      if (result.exit_code == 0) continue;
      ++failures;
      const auto& part = parts_[i];
      if (part.size() == 1) {
        drop(part[0], "cannot be fetched: " + reason(result));
        continue;
      }
      const std::size_t size = (part.size() + kParts - 1) / kParts;
      for (std::size_t at = 0; at < part.size(); at += size) {
        const auto begin = part.begin() + static_cast<std::ptrdiff_t>(at);
        next.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(std::min(size, part.size() - at)));
        commands.push_back(fetch(poller_.url, refspecs(next.back())));
      }
    }
    // When no part of very many can be had it is not for a ref.
    if (level_ > 0 && failures == parts_.size() && !next.empty())
      return suspect(failed(reason(results.back())));
    parts_ = std::move(next);
    first_fetch_ = 0;
    ++level_;
    return commands.empty() ? look_for_commits() : run(std::move(commands), &Flow::on_fetched);
  }

  // `ref` is left where the last poll saw it, so that the next one tries again.
  void drop(const std::string& ref, const std::string& why) {
    failures_.push_back("'" + branch_name(ref) + "' " + why);
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
    return run({types_of(commits)}, &Flow::on_types);
  }

  PollStep on_types(const Results& results) {
    present_ = types(results.at(0).out);
    Strings absent;
    for (const auto& [ref, commit] : wanted_) {
      const auto it = present_.find(commit);
      if (it == present_.end()) {
        absent.push_back(ref);
      } else if (it->second != "commit" && !(known_ && known_as(ref) == commit)) {
        warnings_.push_back("'" + branch_name(ref) + "' is a " + it->second + " and has no commits");
      }
    }
    for (const auto& ref : absent) drop(ref, "moved while it was fetched, or its commit is missing");
    return known_ ? read_logs() : end({});
  }

  bool is_commit(const std::string& object) const {
    const auto it = present_.find(object);
    return it != present_.end() && it->second == "commit";
  }

  PollStep read_logs() {
    seen_.clear();
    for (const auto* tips : {&known_->tips, &known_->gone})
      for (const auto& [ref, commit] : *tips)
        if (is_commit(commit)) seen_.insert(commit);
    lost_all_ = seen_.empty() && !(known_->tips.empty() && known_->gone.empty());
    unread_ = in_order();
    changes_.clear();
    lost_.clear();
    return next_logs();
  }

  // As many as are said at once: each has every known tip.
  PollStep next_logs() {
    std::vector<GitCommand> logs;
    std::size_t bytes = 0;
    reading_.clear();
    while (!unread_.empty() && bytes < kInputBytes) {
      const auto ref = unread_.front();
      unread_.pop_front();
      const std::string& tip = wanted_.at(ref);
      if (!is_commit(tip) || !seen_.insert(tip).second) continue;
      const bool lost = known_as(ref).empty() ? lost_all_ : !present_.contains(known_as(ref));
      // Without the old tip everything since the project's beginning would look new.
      if (lost) lost_.insert(ref);
      auto others = seen_;
      others.erase(tip);
      logs.push_back(log(tip, others, lost));
      bytes += logs.back().input.size();
      reading_.push_back(ref);
    }
    return logs.empty() ? end(std::move(changes_)) : run(std::move(logs), &Flow::on_logs);
  }

  // The commit at which a ref was seen last; "" for a new one.
  std::string known_as(const std::string& ref) const {
    for (const auto* tips : {&known_->tips, &known_->gone})
      if (const auto it = tips->find(ref); it != tips->end()) return it->second;
    return "";
  }

  // Branches known before, then new ones, so that a commit on both belongs to the old one; HEAD's first.
  std::deque<std::string> in_order() const {
    std::deque<std::string> out;
    for (const auto& [ref, commit] : wanted_) out.push_back(ref);
    const auto rank = [&](const std::string& ref) {
      return std::make_pair(!known_->tips.contains(ref), ref != head_);
    };
    std::stable_sort(out.begin(), out.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    return out;
  }

  PollStep on_logs(const Results& results) {
    bool all_good = true;
    for (std::size_t i = 0; i < reading_.size(); ++i) {
      const auto& ref = reading_[i];
      auto commits = results.at(i).exit_code == 0 ? parse_log(results[i].out) : fail(reason(results[i]));
      if (!commits) {
        all_good = false;
        drop(ref, "cannot be read: " + commits.error().text);
        continue;
      }
      for (auto& change : *commits) {
        change.branch = branch_name(ref);
        changes_.push_back(std::move(change));
      }
    }
    // What a branch shares with one that could not be read was left to that one: now it is not.
    return all_good ? next_logs() : read_logs();
  }

  // Was it the remote, or the cache? A failure that the poll before had, too, is not asked about again.
  PollStep suspect(PollStep otherwise) {
    if (made_anew_ || (known_ && known_->unread == dropped_ && !dropped_.empty())) return otherwise;
    return run({check()},
               [self = shared_from_this(), otherwise = std::move(otherwise)](const Results& results) {
                 return results.at(0).exit_code == 0 ? otherwise : self->anew(self->format_);
               });
  }

  PollStep end(std::vector<wire::Change> changes) {
    Poll poll;
    for (auto& change : changes) {
      change.repository = address_;
      change.project = poller_.project;
      change.codebase = poller_.codebase;
      change.category = poller_.category;
    }
    poll.changes = std::move(changes);
    poll.state = PollState{address_, wanted_, {}, dropped_};
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
    poll.warnings = warnings_;
    poll.failures = failures_;
    return dropped_.empty() ? PollStep(std::move(poll)) : suspect(std::move(poll));
  }

  const GitPollerOptions poller_;
  const std::string address_;  ///< of the repository, for people
  std::optional<PollState> known_;
  std::string head_;
  std::map<std::string, std::string> remote_;  ///< ref → commit, those that are watched
  std::map<std::string, std::string> wanted_;  ///< the same without those that could not be read
  std::string format_ = "sha1";
  bool made_anew_ = false;
  std::vector<Strings> parts_;   ///< the refs of each fetch under way
  std::size_t first_fetch_ = 0;  ///< among the commands
  int level_ = 0;                ///< how often the parts were cut
  std::set<std::string> dropped_, lost_;
  std::map<std::string, std::string> present_;  ///< of the objects in question those that are here → type
  std::set<std::string> seen_;                  ///< commits whose history is not new
  bool lost_all_ = false;
  std::deque<std::string> unread_;  ///< refs whose logs are still to be read
  Strings reading_;                 ///< those that are read now
  std::vector<wire::Change> changes_;
  Strings warnings_, failures_;
};

}  // namespace

void prepare_environment(std::map<std::string, std::string>& environment) {
  git::prepare(environment);
  environment["GIT_ASKPASS"] = "true";
  environment["GIT_OPTIONAL_LOCKS"] = "0";
  environment["LC_ALL"] = "C";
}

PollStep start_poll(const GitPollerOptions& poller, std::optional<PollState> known) {
  return std::make_shared<Flow>(poller, std::move(known))->start();
}

}  // namespace headrace::changesource::git_poller
