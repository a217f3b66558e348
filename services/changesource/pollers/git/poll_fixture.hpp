// SPDX-License-Identifier: Apache-2.0
// A repository, the folder of a poller and polls with the real git, for tests.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "changesource/pollers/git/poll.hpp"

namespace headrace::changesource::git_poller {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

inline std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

class GitPoll : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/headrace-poll-XXXXXX";
    folder_ = ::mkdtemp(name);
    fs::create_directories(folder_ / "cache");
    std::map<std::string, std::string> environment;
    prepare_environment(environment);
    for (const auto& [key, value] : environment) ::setenv(key.c_str(), value.c_str(), 1);
    ::setenv("HOME", folder_.c_str(), 1);
    ::setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    work("init -q -b main .");
    work("config user.name Ann");
    work("config user.email ann@example.org");
    poller_.url = (folder_ / "work").string();
    poller_.branches = {"*"};
  }
  void TearDown() override { fs::remove_all(folder_); }

  // A line for the shell, with a text as its input.
  GitResult shell(const fs::path& where, const std::string& line, const std::string& input = "") {
    fs::create_directories(where);
    const auto errors = folder_ / "stderr", in = folder_ / "stdin";
    std::ofstream(in) << input;
    const auto whole = "cd " + quoted(where) + " && " + line + " 2>" + quoted(errors) + " <" + quoted(in);
    FILE* pipe = ::popen(whole.c_str(), "r");
    GitResult result;
    std::array<char, 65536> buffer;
    while (const auto n = std::fread(buffer.data(), 1, buffer.size(), pipe))
      result.out.append(buffer.data(), n);
    result.exit_code = ::pclose(pipe);
    std::stringstream text;
    text << std::ifstream(errors).rdbuf();
    result.err = text.str();
    return result;
  }
  GitResult git(const fs::path& where, const std::string& arguments, const std::string& input = "") {
    return shell(where, "git " + arguments, input);
  }
  std::string work(const std::string& arguments) {
    const auto result = git(folder_ / "work", arguments);
    EXPECT_EQ(result.exit_code, 0) << "git " << arguments << ": " << result.err;
    return result.out.substr(0, result.out.find('\n'));
  }
  // Commits one changed file, and gives the revision.
  std::string commit(const std::string& message, const std::string& file = "file") {
    fs::create_directories((folder_ / "work" / file).parent_path());
    std::ofstream(folder_ / "work" / file, std::ios::app) << message << '\n';
    work("add -A");
    work("commit -q --allow-empty-message -m " + quoted(message));
    return work("rev-parse HEAD");
  }

  Poll poll() {
    ran_.clear();
    auto step = start_poll(poller_, state_);
    while (auto* pending = std::get_if<Pending>(&step)) {
      std::vector<GitResult> results;
      for (const auto& command : pending->commands) {
        std::string line;
        for (const auto& word : command.argv) line += " " + quoted(word);
        results.push_back(shell(folder_ / "cache", line, command.input));
        ran_ += line + "\n";
        if (meddle_) meddle_(command, results.back());
      }
      auto next = pending->resume(std::move(results));
      step = std::move(next);
    }
    auto done = std::get<Poll>(std::move(step));
    state_ = done.state;
    return done;
  }
  // "branch: comment" of every change of a poll that must go well.
  Strings poll_comments(std::size_t warnings = 0, std::size_t failures = 0) {
    const auto result = poll();
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(result.failures.size(), failures) << (result.failures.empty() ? "" : result.failures[0]);
    EXPECT_EQ(result.warnings.size(), warnings) << (result.warnings.empty() ? "" : result.warnings[0]);
    Strings out;
    for (const auto& change : result.changes) out.push_back(*change.branch + ": " + change.comments);
    return out;
  }

  fs::path folder_;
  GitPollerOptions poller_;
  std::optional<PollState> state_;
  std::string ran_;                                            ///< the commands of the last poll
  std::function<void(const GitCommand&, GitResult&)> meddle_;  ///< may spoil a result
};

}  // namespace headrace::changesource::git_poller
