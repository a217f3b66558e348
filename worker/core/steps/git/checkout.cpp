// SPDX-License-Identifier: Apache-2.0
#include "worker/core/steps/git/checkout.hpp"

#include <algorithm>
#include <cctype>

namespace headrace::worker {
namespace {

std::string trimmed(std::string_view s) {
  while (!s.empty() && std::isspace(static_cast<unsigned char>(s.back()))) s.remove_suffix(1);
  return std::string(s);
}

}  // namespace

GitCheckout::GitCheckout(GitOptions options, std::string build_directory, std::string workdir)
    : options_(std::move(options)) {
  const bool copy = options_.full && options_.method == GitOptions::Method::copy;
  places_.tree = copy ? build_directory + "/source" : workdir;
  places_.build_directory = std::move(build_directory);
  places_.workdir = std::move(workdir);
}

bool GitCheckout::names_commit() const {
  return (options_.revision.size() == 40 || options_.revision.size() == 64) &&
         std::all_of(options_.revision.begin(), options_.revision.end(),
                     [](unsigned char c) { return std::isxdigit(c); });
}

StepCommand GitCheckout::run(GitPhase phase) {
  phase_ = phase;
  return git_command(phase, options_, places_, fetched_target_ ? "FETCH_HEAD" : options_.revision);
}

StepCommand GitCheckout::start() {
  if (options_.full && options_.method == GitOptions::Method::clobber) return clobber();
  return run(GitPhase::probe);
}

StepCommand GitCheckout::clobber() {
  made_anew_ = true;
  fetched_target_ = false;
  return run(GitPhase::remove);
}

StepCommand GitCheckout::fetch() {
  return run(options_.revision.empty() ? GitPhase::fetch_branch : GitPhase::fetch_revision);
}

GitCheckout::Next GitCheckout::fail(std::string reason) {
  reason_ = std::move(reason);
  return std::nullopt;
}

GitCheckout::Next GitCheckout::fetch_failed() {
  if (made_anew_) return fail();
  return run(GitPhase::fsck);  // is it the remote, or what we have?
}

GitCheckout::Next GitCheckout::next(int rc, std::string_view output) {
  const bool good = rc == 0;
  switch (phase_) {
    case GitPhase::probe:
      if (!good || trimmed(output) != ".git") return clobber();
      if (names_commit()) return run(GitPhase::have_revision);
      return fetch();
    case GitPhase::remove:
      return good ? std::optional(run(GitPhase::init)) : fail();
    case GitPhase::init:
      return good ? std::optional(fetch()) : fail();
    case GitPhase::have_revision:
    case GitPhase::fetch_revision:
    case GitPhase::fetch_branch:
    case GitPhase::have_after_branch:
    case GitPhase::fetch_all:
    case GitPhase::have_after_all:
    case GitPhase::fsck:
      return next_of_fetching(good);
    default:
      return next_of_tree(good, output);
  }
}

GitCheckout::Next GitCheckout::next_of_fetching(bool good) {
  switch (phase_) {
    case GitPhase::have_revision:
      return run(good ? GitPhase::checkout : GitPhase::fetch_revision);
    case GitPhase::fetch_revision:
      if (!good) return run(GitPhase::fetch_branch);
      fetched_target_ = !names_commit();
      return run(GitPhase::checkout);
    case GitPhase::fetch_branch:
      if (!options_.revision.empty()) return run(good ? GitPhase::have_after_branch : GitPhase::fetch_all);
      if (!good) return fetch_failed();
      fetched_target_ = true;
      return run(GitPhase::checkout);
    case GitPhase::have_after_branch:
      return run(good ? GitPhase::checkout : GitPhase::fetch_all);
    case GitPhase::fetch_all:
      return good ? run(GitPhase::have_after_all) : fetch_failed();
    case GitPhase::have_after_all:
      if (good) return run(GitPhase::checkout);
      return fail("revision " + options_.revision + " is nowhere in " + options_.url);
    default:  // fsck: a sound repository means that the remote is at fault
      return good ? fail() : std::optional(clobber());
  }
}

StepCommand GitCheckout::after_clean() {
  return run(options_.submodules ? GitPhase::submodules : GitPhase::rev_parse);
}

GitCheckout::Next GitCheckout::next_of_tree(bool good, std::string_view output) {
  switch (phase_) {
    case GitPhase::checkout:
      if (!good) return made_anew_ ? fail() : std::optional(clobber());
      return cleans() ? run(GitPhase::clean) : after_clean();
    case GitPhase::clean:
      return good ? std::optional(after_clean()) : fail();
    case GitPhase::submodules:
      if (!good) return made_anew_ ? fail() : std::optional(clobber());
      return run(cleans() ? GitPhase::clean_submodules : GitPhase::rev_parse);
    case GitPhase::clean_submodules:
      return good ? std::optional(run(GitPhase::rev_parse)) : fail();
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
