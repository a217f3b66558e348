// SPDX-License-Identifier: Apache-2.0
// What the environment keeps and loses, and what the real git says is its own.
#include "git/environment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>
#include <sstream>

namespace headrace::git {

TEST(GitEnvironment, ForgetsEveryVariableThatGitCallsLocalToARepository) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen("git rev-parse --local-env-vars", "r"), ::pclose);
  char buffer[4096];
  const auto n = std::fread(buffer, 1, sizeof buffer, pipe.get());
  std::istringstream names(std::string(buffer, n));
  const auto ours = repository_variables();
  int seen = 0;
  for (std::string name; names >> name; ++seen) {
    if (name == "GIT_CONFIG_COUNT") continue;  // settings that people hand on
    EXPECT_NE(std::find(ours.begin(), ours.end(), name), ours.end()) << name;
  }
  EXPECT_GT(seen, 10);
  Environment e = {
      {"GIT_DIR", "/x"}, {"GIT_INDEX_FILE", "/y"}, {"GIT_SSH_COMMAND", "ssh -p 7"}, {"HOME", "/h"}};
  forget_repository(e);
  EXPECT_EQ(e, (Environment{{"GIT_SSH_COMMAND", "ssh -p 7"}, {"HOME", "/h"}}));
}

TEST(GitEnvironment, AddsToTheSettingsThatAreThere) {
  Environment e = {{"GIT_CONFIG_COUNT", "1"},
                   {"GIT_CONFIG_KEY_0", "protocol.file.allow"},
                   {"GIT_CONFIG_VALUE_0", "always"},
                   {"GIT_SSH_COMMAND", "ssh -p 7"}};
  prepare(e);
  EXPECT_EQ(e.at("GIT_CONFIG_COUNT"), "6");
  EXPECT_EQ(e.at("GIT_CONFIG_KEY_0"), "protocol.file.allow");
  EXPECT_EQ(e.at("GIT_CONFIG_KEY_1"), "gc.autoDetach");
  EXPECT_EQ(e.at("GIT_CONFIG_VALUE_2"), "false");
  EXPECT_EQ(e.at("GIT_SSH_COMMAND"), "ssh -p 7");
  EXPECT_EQ(e.at("GIT_TERMINAL_PROMPT"), "0");
}

}  // namespace headrace::git
