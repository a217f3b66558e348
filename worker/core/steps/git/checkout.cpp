// SPDX-License-Identifier: Apache-2.0
#include "worker/core/steps/git/checkout.hpp"

#include <cctype>
#include <filesystem>
#include <map>
#include <sstream>

#include "git/address.hpp"
#include "git/environment.hpp"
#include "worker/core/steps/git/names.hpp"

namespace headrace::worker {
namespace {

std::string trimmed(std::string_view s) {
  while (!s.empty() && std::isspace(static_cast<unsigned char>(s.back()))) s.remove_suffix(1);
  return std::string(s);
}

std::string without_dots(const std::string& path) {
  auto out = std::filesystem::path(path).lexically_normal().string();
  while (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out;
}

// What `git ls-remote` printed, by name: a commit, or "ref: refs/heads/main" for the branch behind HEAD.
std::map<std::string, std::string> listed(std::string_view output) {
  std::map<std::string, std::string> out;
  std::istringstream lines{std::string(output)};
  for (std::string line; std::getline(lines, line);)
    if (const auto tab = line.find('\t'); tab != std::string::npos)
      out.try_emplace(line.substr(tab + 1), line.substr(0, tab));
  return out;
}

}  // namespace

GitCheckout::GitCheckout(GitOptions options, std::string build_directory, std::string workdir)
    : options_(std::move(options)) {
  const bool copy = options_.full && options_.method == GitOptions::Method::copy;
  places_.build_directory = without_dots(build_directory);
  places_.workdir = without_dots(workdir);
  places_.tree = copy ? places_.build_directory + "/source" : places_.workdir;
}

StepCommand GitCheckout::run(GitPhase phase) {
  phase_ = phase;
  auto command = git_command(phase, options_, places_, target_);
  command.prepare = git::prepare;
  command.hide_passwords = true;
  return command;
}

StepCommand GitCheckout::start() {
  target_.ref = remote_ref(options_.branch);
  if (options_.full && options_.method == GitOptions::Method::clobber) return *anew();
  return run(GitPhase::probe);
}

GitCheckout::Next GitCheckout::anew() {
  if (made_anew_) return fail();
  made_anew_ = true;
  target_ = {};
  target_.ref = remote_ref(options_.branch);
  return run(GitPhase::remove);
}

GitCheckout::Next GitCheckout::fail(std::string reason) {
  reason_ = git::without_passwords(reason);
  return std::nullopt;
}

GitCheckout::Next GitCheckout::next(int rc, std::string_view output) {
  const bool good = rc == 0;
  switch (phase_) {
    case GitPhase::probe:
    case GitPhase::remove:
    case GitPhase::clone:
    case GitPhase::init:
    case GitPhase::configure:
      return next_of_making(good, output);
    case GitPhase::ask_head:
    case GitPhase::fetch_wanted:
    case GitPhase::ask_branch:
    case GitPhase::fetch_branch:
    case GitPhase::fetch_revision:
    case GitPhase::fetch_all:
    case GitPhase::fsck:
      return next_of_fetching(good, output);
    case GitPhase::resolve:
      return resolved(good, output);
    default:
      return next_of_tree(good, output);
  }
}

GitCheckout::Next GitCheckout::next_of_making(bool good, std::string_view output) {
  switch (phase_) {
    case GitPhase::probe:
      if (!good) return anew();
      target_.shallow = trimmed(output) == "true";
      source_ = GitPhase::configure;
      return run(GitPhase::configure);
    case GitPhase::remove: {
      if (!good) return fail();
      // No clone of one ref that is no branch.
      const bool any_depth = target_.ref == "HEAD" || !branch_of(target_.ref).empty();
      return run(options_.depth == 0 || any_depth ? GitPhase::clone : GitPhase::init);
    }
    case GitPhase::clone:
      source_ = GitPhase::clone;
      target_.cloned = good;
      // Where a clone fails because of one bad ref, the wanted one may still be there.
      return run(good ? GitPhase::configure : GitPhase::init);
    case GitPhase::init:
      source_ = GitPhase::init;
      return good ? std::optional(run(GitPhase::configure)) : fail();
    default:  // configure
      if (!good) return made_anew_ ? fail("the copy cannot be configured: " + trimmed(output)) : anew();
      return target_.cloned ? resolve(GitPhase::clone) : begin_fetch();
  }
}

StepCommand GitCheckout::begin_fetch() {
  if (target_.ref != "HEAD") return run(GitPhase::fetch_wanted);
  if (wants_tip() || options_.depth > 0) return run(GitPhase::ask_head);
  target_.ref = "";
  return run(GitPhase::fetch_wanted);
}

GitCheckout::Next GitCheckout::next_of_fetching(bool good, std::string_view output) {
  switch (phase_) {
    case GitPhase::ask_head:
      return good ? asked_head(output) : resolve(GitPhase::ask_head);
    case GitPhase::fetch_wanted:
      return good ? resolve(phase_) : run(GitPhase::ask_branch);
    case GitPhase::ask_branch:
      return good ? asked_branch(output) : resolve(GitPhase::ask_branch);
    case GitPhase::fetch_branch:
      if (good) return resolve(phase_);
      return run(wants_tip() ? GitPhase::fsck : GitPhase::fetch_revision);
    case GitPhase::fetch_revision:
      return good ? resolve(phase_) : run(GitPhase::fetch_all);
    case GitPhase::fetch_all:
      return good ? resolve(phase_) : run(GitPhase::fsck);
    default:  // fsck: a sound copy means that the remote is at fault
      return good ? fail() : anew();
  }
}

GitCheckout::Next GitCheckout::asked_head(std::string_view output) {
  const auto refs = listed(output);
  const auto head = refs.find("HEAD");
  if (head == refs.end()) {
    if (wants_tip()) return fail(options_.url + " has no HEAD that could be checked out; name a branch");
    target_.ref = "";
  } else if (head->second.starts_with("ref: ")) {
    target_.ref = head->second.substr(5);
    target_.default_head = branch_of(target_.ref);
  }
  return run(GitPhase::fetch_wanted);
}

GitCheckout::Next GitCheckout::asked_branch(std::string_view output) {
  const auto refs = listed(output);
  const std::string tag = "refs/tags/" + branch_of(target_.ref);
  if (refs.contains(target_.ref)) return run(GitPhase::fetch_branch);
  if (refs.contains(tag)) {
    target_.ref = tag;
    return run(GitPhase::fetch_branch);
  }
  if (wants_tip()) return fail("there is no '" + target_.ref + "' in " + options_.url);
  // The branch is gone; its commit may be here, or elsewhere in the repository.
  const bool again = !target_.ref.empty() && options_.depth == 0;
  target_.ref = "";
  return again ? run(GitPhase::fetch_wanted) : resolve(GitPhase::fetch_branch);
}

StepCommand GitCheckout::resolve(GitPhase source) {
  source_ = source;
  const bool unanswered = source == GitPhase::ask_head || source == GitPhase::ask_branch;
  auto& names = target_.candidates;
  names.clear();
  if (names_commit(options_.revision)) {
    names = {options_.revision};
  } else if (unanswered) {
    // A name may stand for something else by now.
  } else if (source == GitPhase::fetch_revision) {
    names = {"FETCH_HEAD"};
  } else if (!wants_tip()) {
    names = {"refs/tags/" + options_.revision, "refs/remotes/origin/" + options_.revision, options_.revision};
  } else if (const auto tracking = tracking_ref(target_.ref); !tracking.empty()) {
    names = {tracking};
  } else if (source == GitPhase::clone) {
    names = {"refs/remotes/origin/HEAD", "HEAD"};
  } else {
    names = {"FETCH_HEAD"};
  }
  return run(GitPhase::resolve);
}

GitCheckout::Next GitCheckout::resolved(bool good, std::string_view output) {
  if (good) {
    const auto line_end = output.find('\n');
    target_.commit = trimmed(output.substr(0, line_end));
    // A new clone knows which branch HEAD is.
    if (source_ == GitPhase::clone && target_.ref == "HEAD" && line_end != std::string_view::npos) {
      const std::string prefix = "refs/remotes/origin/", head = trimmed(output.substr(line_end + 1));
      if (wants_tip() && head.starts_with(prefix)) target_.ref = remote_ref(head.substr(prefix.size()));
    }
    if (wants_tip() || !options_.branch.empty()) target_.local_branch = branch_of(target_.ref);
    return run(GitPhase::checkout);
  }
  switch (source_) {
    case GitPhase::clone:
      return begin_fetch();
    case GitPhase::ask_head:
    case GitPhase::ask_branch:
      return fail("nothing can be read from " + options_.url);
    case GitPhase::fetch_revision:
      return run(GitPhase::fetch_all);
    case GitPhase::fetch_all:
      return fail("revision " + options_.revision + " is nowhere in " + options_.url);
    default:
      if (wants_tip()) return fail("'" + target_.ref + "' of " + options_.url + " is no commit");
      return run(GitPhase::fetch_revision);
  }
}

StepCommand GitCheckout::after_clean() {
  return run(options_.submodules ? GitPhase::submodules : GitPhase::attach);
}

GitCheckout::Next GitCheckout::next_of_tree(bool good, std::string_view output) {
  switch (phase_) {
    case GitPhase::checkout:
      if (!good) return anew();
      return cleans() ? run(GitPhase::clean) : after_clean();
    case GitPhase::clean:
      return good ? std::optional(after_clean()) : anew();
    case GitPhase::submodules:
      if (!good) return anew();
      return run(cleans() ? GitPhase::clean_submodules : GitPhase::attach);
    case GitPhase::clean_submodules:
      return good ? std::optional(run(GitPhase::attach)) : anew();
    case GitPhase::attach:
      return run(GitPhase::rev_parse);
    case GitPhase::rev_parse:
      if (!good) return fail();
      got_revision_ = trimmed(output);
      if (places_.tree != places_.workdir) return run(GitPhase::remove_copy);
      succeeded_ = true;
      return std::nullopt;
    case GitPhase::remove_copy:
      return good ? std::optional(run(GitPhase::copy)) : fail();
    default:  // copy
      succeeded_ = good;
      return std::nullopt;
  }
}

}  // namespace headrace::worker
