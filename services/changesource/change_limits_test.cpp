// SPDX-License-Identifier: Apache-2.0
#include "changesource/change_limits.hpp"

#include <gtest/gtest.h>

#include "json/value.hpp"
#include "limits/limits.hpp"
#include "wire/codec.hpp"

namespace headrace::changesource {
namespace {

TEST(ChangeLimits, LeaveAnOrdinaryChangeAlone) {
  wire::Change change;
  change.comments = std::string(60'000, 'c');
  change.files.assign(3000, "libs/some/folder/file.cpp");
  change.properties["p"] = {std::string(60'000, 'p'), "GitHub"};
  const auto before = wire::encode(change);
  EXPECT_EQ(shorten(change), "");
  EXPECT_EQ(wire::encode(change), before);
}

TEST(ChangeLimits, BoundEveryField) {
  const std::string large(15'000'000, 'x');
  wire::Change change;
  change.comments = change.author = change.committer = change.repository = change.project = change.codebase =
      large;
  change.revision = change.branch = change.category = change.revlink = large;
  change.files.assign(1'000'000, "f");
  change.properties["large"] = {large, "Change"};
  change.properties["small"] = {"kept", "Change"};
  EXPECT_EQ(shorten(change),
            "comments, files, properties, author, committer, revision, branch, category, revlink, "
            "repository, project, "
            "codebase");
  EXPECT_EQ(change.comments.size(), limits::kChangeComments);
  EXPECT_EQ(change.files.size(), limits::kChangeFileCount);
  EXPECT_EQ(change.properties.size(), 1u);
  EXPECT_EQ(change.properties.count("small"), 1u);
  EXPECT_LT(wire::encode(change).size(), limits::kChangeBytes);
}

TEST(ChangeLimits, LeaveOutLongNamesOfFiles) {
  wire::Change change;
  change.files = {"first", std::string(15'000'000, 'x'), "last"};
  EXPECT_EQ(shorten(change), "files");
  EXPECT_EQ(change.files, std::vector<std::string>{"first"});
}

TEST(ChangeLimits, CutNoCharacterInTwo) {
  for (int shift = 0; shift < 4; ++shift) {
    wire::Change change;
    change.author = std::string(static_cast<std::size_t>(shift), 'a');
    while (change.author.size() < 2 * limits::kChangeText) change.author += "\xF0\x9F\x98\x80";
    EXPECT_EQ(shorten(change), "author");
    EXPECT_EQ(json::valid_utf8(change.author), change.author);
    EXPECT_LE(change.author.size(), limits::kChangeText);
  }
}

TEST(ChangeLimits, KeepTheLargestChangeBelowTheStoresBound) {
  wire::Change change;
  change.comments = std::string(limits::kChangeComments, 'c');
  change.files.assign(limits::kChangeFileCount, std::string(22, 'f'));
  for (int i = 0; i < 10'000; ++i) change.properties["property " + std::to_string(i)] = {"v", "Change"};
  shorten(change);
  EXPECT_LT(wire::encode(change).size(), limits::kChangeBytes);
}

}  // namespace
}  // namespace headrace::changesource
