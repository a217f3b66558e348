// SPDX-License-Identifier: Apache-2.0
#include "web/rest/routes.hpp"

#include <gtest/gtest.h>

#include <set>

namespace headrace::web {
namespace {

TEST(Routes, FindTheEntityOfEveryPath) {
  const struct {
    const char *path, *plural;
    bool collection;
  } paths[] = {
      {"builders", "builders", true},
      {"builders/1", "builders", false},
      {"builders/kernel%2Fx86", "builders", false},
      {"builders/kernel/builds", "builds", true},
      {"builders/kernel/builds/7", "builds", false},
      {"builders/kernel/builds/7/properties", "properties", false},
      {"builders/kernel/builds/7/steps/make/logs/stdio/contents", "logchunks", false},
      {"builders/1/builds/7/steps/0/logs/stdio/raw_inline", "logchunks", false},
      {"builds/5/steps/0/logs", "logs", true},
      {"builds/5/property_list", "_properties", true},
      {"steps/4096/logs/stdio", "logs", false},
      {"sourcestamps/12/changes", "changes", true},
      {"masters/1/builders/kernel/workers/w1", "workers", false},
      {"workers/w1/builds", "builds", true},
  };
  for (const auto& p : paths) {
    const auto match = find_endpoint(p.path);
    ASSERT_TRUE(match) << p.path;
    EXPECT_EQ(plural_of(*match->endpoint), p.plural) << p.path;
    EXPECT_EQ(match->endpoint->collection, p.collection) << p.path;
  }
}

TEST(Routes, KnowNothingElse) {
  for (const char* path :
       {"", "/", "builds/", "builds/x", "builds/-1", "builds/1/2", "build", "builders//builds",
        "builders/1/builds/x", "logs/1/content", "builds/99999999999999999999", "events/1"})
    EXPECT_FALSE(find_endpoint(path)) << path;
}

TEST(Routes, NamesAreBoundNeverPasted) {
  const auto match = find_endpoint("builders/x'%20OR%20'1'='1");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->scope.condition.find("OR"), std::string::npos);
  EXPECT_EQ(std::get<std::string>(match->scope.values.at(0)), "x' OR '1'='1");
}

TEST(Specification, SpellsPathsAsBuildbotDoes) {
  std::set<std::string> paths;
  for (const auto& s : specification()) paths.insert(s["path"].string_or(""));
  for (const char* path : {"builders/n:builderid/builds/n:build_number/steps/n:step/logs/i:log_slug/contents",
                           "builders/i:builderid", "builds/n:buildid", "workers/i:workerid"})
    EXPECT_TRUE(paths.count(path)) << path;
  for (const auto& s : specification()) {
    if (s["path"] != json::Value("builds")) continue;
    EXPECT_EQ(s["type"], json::Value("build"));
    const auto& fields = s.at_path("type_spec.fields").as_array();
    EXPECT_EQ(fields.size(), 13u);  // those of §2.3, none of ours
    EXPECT_EQ(fields[8]["name"], json::Value("complete_at"));
    EXPECT_EQ(fields[8]["type"], json::Value("datetime or None"));
  }
}

}  // namespace
}  // namespace headrace::web
