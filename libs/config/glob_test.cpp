// SPDX-License-Identifier: Apache-2.0
#include "config/glob.hpp"

#include <chrono>

#include "config/test_support.hpp"

namespace headrace::config {
namespace {

TEST(NameGlob, MatchesAsAShellDoes) {
  EXPECT_TRUE(name_glob("*", ""));
  EXPECT_TRUE(name_glob("mac-*", "mac-1"));
  EXPECT_TRUE(name_glob("mac-*", "mac-"));
  EXPECT_FALSE(name_glob("mac-*", "a-mac-1"));
  EXPECT_TRUE(name_glob("*-arm", "mac-1-arm"));
  EXPECT_TRUE(name_glob("*a*b*", "xaxxbx"));
  EXPECT_FALSE(name_glob("*a*b*", "xbxxax"));
  EXPECT_TRUE(name_glob("release/*", "release/1/x"));  // names have no folders
  EXPECT_TRUE(name_glob("v?", "v1"));
  EXPECT_TRUE(name_glob("v?", "vø"));
  EXPECT_FALSE(name_glob("v?", "v"));
  EXPECT_TRUE(name_glob("[a-cx]1", "b1"));
  EXPECT_TRUE(name_glob("[!a-c]1", "x1"));
  EXPECT_FALSE(name_glob("[!a-c]1", "b1"));
  EXPECT_TRUE(name_glob("[]]", "]"));
  EXPECT_TRUE(name_glob("a[", "a["));
  EXPECT_FALSE(name_glob("", "a"));
}

TEST(PathGlob, KeepsAStarWithinItsFolder) {
  EXPECT_TRUE(path_glob("src/*.c", "src/a.c"));
  EXPECT_FALSE(path_glob("src/*.c", "src/x/a.c"));
  EXPECT_FALSE(path_glob("src?a.c", "src/a.c"));
  EXPECT_FALSE(path_glob("src[/]a.c", "src/a.c"));
  EXPECT_TRUE(path_glob("src/**", "src/a.c"));
  EXPECT_TRUE(path_glob("src/**", "src/x/y/a.c"));
  EXPECT_FALSE(path_glob("src/**", "src"));
  EXPECT_FALSE(path_glob("src/**", "xsrc/a.c"));
  EXPECT_TRUE(path_glob("**/Makefile", "Makefile"));
  EXPECT_TRUE(path_glob("**/Makefile", "a/b/Makefile"));
  EXPECT_FALSE(path_glob("**/Makefile", "a/xMakefile"));
  EXPECT_TRUE(path_glob("a/**/b", "a/b"));
  EXPECT_TRUE(path_glob("a/**/b", "a/x/y/b"));
  EXPECT_FALSE(path_glob("a/**/b", "ab"));
  EXPECT_FALSE(path_glob("a/**/b", "a/xb"));
  EXPECT_TRUE(path_glob("**", "a/b"));
  EXPECT_TRUE(path_glob("**.md", "docs/a.md"));
  EXPECT_TRUE(path_glob("**/*.md", "a.md"));
}

TEST(Globs, TakeLinearTimeWhateverThePattern) {
  std::string pattern, text(5000, 'a');
  for (int i = 0; i < 100; ++i) pattern += "a*";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(name_glob(pattern + "b", text));
  EXPECT_FALSE(path_glob(pattern + "**b", text));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(Globs, AreCheckedAndSelect) {
  EXPECT_EQ(glob_problem("a[b-c]*"), std::nullopt);
  EXPECT_NE(glob_problem("a["), std::nullopt);
  EXPECT_NE(glob_problem("[!]"), std::nullopt);
  EXPECT_NE(glob_problem(""), std::nullopt);
  const Selector selector{{"kernel", "mac-*", "odd[1]"}};
  EXPECT_TRUE(selector.matches("kernel"));
  EXPECT_TRUE(selector.matches("mac-2"));
  EXPECT_TRUE(selector.matches("odd[1]"));
  EXPECT_TRUE(selector.matches("odd1"));
  EXPECT_FALSE(selector.matches("kernel2"));
  EXPECT_FALSE(Selector{}.matches("x"));
}

}  // namespace
}  // namespace headrace::config
