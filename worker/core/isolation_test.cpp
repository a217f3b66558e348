// SPDX-License-Identifier: Apache-2.0
#include "worker/core/isolation.hpp"

#include <gtest/gtest.h>

namespace headrace::worker {

TEST(Isolation, IsSettledByWhatTheMachineCan) {
  Machine machine;
  wire::Isolation none, process{.mode = "process"}, preferred{.mode = "process", .preferred = true},
      unknown{.mode = "container"};
  EXPECT_EQ(settle_isolation(none, machine), "");
  EXPECT_EQ(settle_isolation(process, machine), "");
  EXPECT_EQ(settle_isolation(preferred, machine), "");
  EXPECT_EQ(preferred.mode, "process");
  EXPECT_NE(settle_isolation(unknown, machine).find("\"container\""), std::string::npos);
  machine.isolation_caveat = "slow";
  EXPECT_EQ(settle_isolation(process, machine), "");
  EXPECT_EQ(settle_isolation(preferred, machine), "");
  EXPECT_EQ(preferred.mode, "none");
  machine.isolation_obstacle = "too old";
  EXPECT_EQ(settle_isolation(process, machine), "isolation = \"process\" is not possible: too old");
  EXPECT_EQ(settle_isolation(none, machine), "");
}

TEST(Isolation, TakesSecretsAndDoorsOutOfTheEnvironment) {
  const Environment machine = {{"PATH", "/bin"},
                               {"LANG", "C"},
                               {"HOME", "/home/ci"},
                               {"GITHUB_TOKEN", "x"},
                               {"smtp_password", "x"},
                               {"AWS_SECRET_ACCESS_KEY", "x"},
                               {"REDISCLI_AUTH", "x"},
                               {"SSH_AUTH_SOCK", "/x"},
                               {"DATABASE_URL", "https://ci:pass@db/"},
                               {"https_proxy", "http://ci:pass@proxy/"}};
  wire::Isolation wanted{.mode = "process"};
  const auto isolation = isolation_of(wanted, "/base/b", machine, false);
  ASSERT_TRUE(isolation);
  EXPECT_EQ(isolated_environment(machine, *isolation),
            (Environment{{"PATH", "/bin"},
                         {"LANG", "C"},
                         {"HOME", "/base/b/.home"},
                         {"https_proxy", "http://ci:pass@proxy/"}}));
  EXPECT_EQ(isolated_environment(machine, *isolation_of(wanted, "/base/b", machine, true)), machine);
  EXPECT_FALSE(isolation_of(wire::Isolation{}, "/base/b", machine, false));
}

TEST(Isolation, AReachableHomeStays) {
  const Environment machine = {{"HOME", "/home/ci"}};
  for (const auto* place : {"~", "~/", "/home", "/", "/home/ci/"}) {
    wire::Isolation wanted{.mode = "process", .writable = {place}};
    const auto isolation = isolation_of(wanted, "/base/b", machine, false);
    EXPECT_EQ(isolated_environment(machine, *isolation).at("HOME"), "/home/ci") << place;
  }
  wire::Isolation wanted{.mode = "process", .readable = {"~/.cache"}};
  const auto isolation = isolation_of(wanted, "/base/b", machine, false);
  EXPECT_EQ(isolation->readable, std::vector<std::string>{"/home/ci/.cache"});
  EXPECT_EQ(isolated_environment(machine, *isolation).at("HOME"), "/base/b/.home");
}

}  // namespace headrace::worker
