// SPDX-License-Identifier: Apache-2.0
#include "worker/core/steps/git/options.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace headrace::worker {

TEST(GitOptions, JoinsOptionsWithTheSourcestampOfItsCodebase) {
  wire::SourceStamp a, b;
  a.codebase = "app";
  a.branch = "dev";
  a.revision = "r1";
  b.codebase = "lib";
  b.repository = "/srv/lib";
  const std::vector<wire::SourceStamp> stamps = {a, b};
  auto o = git_options(json::Object{{"url", "/srv/app"},
                                    {"branch", "main"},
                                    {"codebase", "app"},
                                    {"mode", "full"},
                                    {"method", "clean"},
                                    {"shallow", true}},
                       stamps);
  ASSERT_TRUE(o) << o.error().text;
  EXPECT_EQ(o->branch, "dev");
  EXPECT_EQ(o->revision, "r1");
  EXPECT_EQ(o->depth, 1);
  EXPECT_TRUE(o->full);
  o = git_options(json::Object{{"branch", "main"}, {"codebase", "lib"}, {"shallow", 5}}, stamps);
  ASSERT_TRUE(o);
  EXPECT_EQ(o->url, "/srv/lib");
  EXPECT_EQ(o->branch, "main");
  EXPECT_EQ(o->depth, 5);
}

TEST(GitOptions, RefusesWhatWouldBeAnOptionOfGit) {
  const std::pair<json::Object, const char*> cases[] = {
      {{{"url", "--upload-pack=x"}}, "url '--upload-pack=x' would be an option of git"},
      {{{"url", "u"}, {"branch", "-x"}}, "branch '-x' would be an option of git"},
      {{{"url", "https://u:p@h/a"}, {"branch", "a:refs/heads/b"}},
       "git: branch 'a:refs/heads/b' is no name that a branch can have"},
      {{{"url", "-https://u:p@h/a"}}, "url '-https://h/a' would be an option of git"},
      {{{"url", "u"}, {"mode", "half"}}, "git: mode 'half' is neither 'incremental' nor 'full'"},
      {{{"url", "u"}, {"method", "m"}}, "git: method 'm' is none of 'clean', 'fresh', 'clobber', 'copy'"},
      {{}, "git: no url is given, and the sourcestamp has no repository"},
  };
  for (const auto& [options, text] : cases) {
    const auto r = git_options(options, {});
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().text, text);
  }
}

}  // namespace headrace::worker
