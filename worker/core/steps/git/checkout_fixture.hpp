// SPDX-License-Identifier: Apache-2.0
// A repository and a builder's folder for tests of the git step: the real git, the whole sequence.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "spawn/testing/run_to_end.hpp"
#include "worker/core/steps/git/checkout.hpp"

namespace headrace::worker::testing {

namespace fs = std::filesystem;

struct Ran {
  int rc = 0;
  std::string output;  // stdout and stderr
};

class GitCheckoutTest : public ::testing::Test {
 public:
  GitCheckoutTest() {
    char name[] = "/tmp/git-test-XXXXXX";
    folder_ = fs::canonical(mkdtemp(name)).string();
    env_ = {"PATH=/usr/bin:/bin",        "HOME=" + folder_,
            "GIT_TERMINAL_PROMPT=0",     "GIT_CONFIG_NOSYSTEM=1",
            "GIT_AUTHOR_NAME=Ann",       "GIT_AUTHOR_EMAIL=ann@example.org",
            "GIT_COMMITTER_NAME=Ann",    "GIT_COMMITTER_EMAIL=ann@example.org",
            "GIT_CONFIG_COUNT=2",        "GIT_CONFIG_KEY_0=protocol.file.allow",
            "GIT_CONFIG_VALUE_0=always", "GIT_CONFIG_KEY_1=init.defaultBranch",
            "GIT_CONFIG_VALUE_1=main"};
    origin_ = folder_ + "/origin";
    git({"init", "-q", origin_}, folder_);
    first_ = commit("a.c", "one");
    second_ = commit("b.c", "two");
    build_ = folder_ + "/builder";
    options_.url = "file://" + origin_;
  }
  ~GitCheckoutTest() override { fs::remove_all(folder_); }

  Ran run(std::vector<std::string> argv, const std::string& directory) {
    fs::create_directories(directory);
    if (as_nobody_) {
      EXPECT_EQ(chown(directory.c_str(), 65534, 65534), 0);
    }
    spawn::Command c;
    if (as_nobody_)
      argv.insert(argv.begin(), {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"});
    c.argv = std::move(argv);
    c.env = env_;
    c.directory = directory;
    const auto ended = spawn::testing::run_to_end(c);
    if (!ended) return {127, ended.error().text()};
    return {WIFEXITED(ended->status) ? WEXITSTATUS(ended->status) : -1, ended->output};
  }
  std::string git(std::vector<std::string> args, const std::string& directory) {
    args.insert(args.begin(), "git");
    const auto r = run(args, directory);
    EXPECT_EQ(r.rc, 0) << args[1] << ": " << r.output;
    return r.output.substr(0, r.output.find_last_not_of('\n') + 1);
  }
  std::string commit(const std::string& file, const std::string& text) {
    write(origin_ + "/" + file, text);
    git({"add", "-A"}, origin_);
    git({"commit", "-q", "-m", text}, origin_);
    return git({"rev-parse", "HEAD"}, origin_);
  }
  void write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << text;
  }
  std::string text(const std::string& file) {
    std::ifstream in(build_ + "/build/" + file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  bool exists(const std::string& file) { return fs::exists(build_ + "/build/" + file); }

  /// Root may do everything; what permissions do is seen only without it. Again after writes.
  void drop_root() {
    if (geteuid() != 0) return;
    as_nobody_ = false;
    EXPECT_EQ(run({"chown", "-R", "-h", "65534:65534", folder_}, folder_).rc, 0);
    as_nobody_ = true;
  }
  Ran run_step(const StepCommand& command) {
    const auto kept = env_;
    Environment env;
    for (const auto& e : env_) env[e.substr(0, e.find('='))] = e.substr(e.find('=') + 1);
    for (const auto& [name, value] : worker_env_) env[name] = value;
    command.prepare(env);
    env_.clear();
    for (const auto& [name, value] : env) env_.push_back(name + "=" + value);
    auto ran = run(command.argv, command.directory);
    env_ = kept;
    return ran;
  }

  /// Runs the whole sequence. shown_ has the commands that people see.
  bool check_out(const GitOptions& options) {
    GitCheckout checkout(options, build_, build_ + "/build");
    shown_.clear();
    log_.clear();
    auto command = std::optional(checkout.start());
    for (int n = 0; command; ++n) {
      if (n > 30) {
        ADD_FAILURE() << "no end";
        return false;
      }
      const auto r = run_step(*command);
      if (!command->quiet) {
        shown_.push_back(command->argv.size() > 1 ? command->argv[1] : command->argv[0]);
        log_ += r.output;
      }
      command = checkout.next(r.rc, r.output);
    }
    got_ = checkout.got_revision();
    reason_ = checkout.reason();
    return checkout.succeeded();
  }
  bool showed(const std::string& word) const {
    return std::find(shown_.begin(), shown_.end(), word) != shown_.end();
  }

  std::string folder_, origin_, build_, first_, second_, got_, reason_, log_;
  std::vector<std::string> env_, shown_;
  Environment worker_env_;  ///< what the worker has beside env_
  bool as_nobody_ = false;
  GitOptions options_;
};

}  // namespace headrace::worker::testing
