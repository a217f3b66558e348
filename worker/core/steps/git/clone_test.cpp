// SPDX-License-Identifier: Apache-2.0
// The copy that the git step leaves is what `git clone` of the same address would be, whatever was there
// before.
#include <functional>
#include <set>
#include <sstream>

#include "worker/core/steps/git/checkout_fixture.hpp"

namespace headrace::worker::testing {
namespace {

using Method = GitOptions::Method;

std::string sorted_lines(const std::string& text) {
  std::istringstream in(text);
  std::multiset<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.insert(line);
  std::string out;
  for (const auto& line : lines) out += line + "\n";
  return out;
}

// What one can ask a repository about its origin.
std::string facts_of(GitCheckoutTest& t, const std::string& where, bool submodules) {
  std::string out;
  for (const std::vector<std::string>& ask :
       {std::vector<std::string>{"git", "for-each-ref", "--format=%(refname) %(objectname) %(symref)"},
        {"git", "config", "--get-regexp", "^(remote|branch)\\."},
        {"git", "rev-parse", "HEAD"},
        {"git", "symbolic-ref", "-q", "HEAD"},
        {"git", "rev-parse", "--is-shallow-repository"},
        {"git", "rev-list", "--count", "HEAD"},
        {"git", "describe", "--tags", "--always"},
        {"git", "status", "--short", "--branch", "--ignore-submodules=all"}})
    out += ask[1] + " " + ask[2] + ":\n" + sorted_lines(t.run(ask, where).output);
  if (submodules) {
    out += t.run({"git", "submodule", "status", "--recursive"}, where).output;
    out += t.run({"git", "submodule", "foreach", "--recursive", "--quiet", "git config remote.origin.url"},
                 where)
               .output;
  }
  return out;
}

class GitCloneTest : public GitCheckoutTest {
 protected:
  GitCloneTest() {
    options_.url = "file://" + origin_;
    // Names that are something else to git, too.
    git({"branch", "tag"}, origin_);
    git({"branch", "+x"}, origin_);
    git({"branch", "topic/one", "refs/heads/main"}, origin_);
    git({"tag", "v1", first_}, origin_);
    git({"tag", "-a", "-m", "annotated", "v2", second_}, origin_);
    git({"tag", "main", first_}, origin_);  // named like the branch
  }

  int count_ = 0;  ///< of commits that only differ

  void expect_clone(const std::string& what) {
    const auto control = folder_ + "/control";
    fs::remove_all(control);
    std::vector<std::string> clone = {"git", "clone", "-q"};
    if (options_.depth > 0) clone.insert(clone.end(), {"--depth", std::to_string(options_.depth)});
    if (!options_.branch.empty()) clone.insert(clone.end(), {"-b", options_.branch});
    if (options_.submodules) clone.push_back("--recurse-submodules");
    clone.insert(clone.end(), {options_.url, control});
    const auto made = run(clone, folder_);
    ASSERT_EQ(made.rc, 0) << made.output;
    ASSERT_TRUE(check_out(options_)) << what << "\n" << log_ << reason_;
    EXPECT_EQ(facts_of(*this, build_ + "/build", options_.submodules),
              facts_of(*this, control, options_.submodules))
        << what << "\n"
        << log_;
  }
};

TEST_F(GitCloneTest, AfterEveryModeAndMethodAndHistory) {
  struct Way {
    const char* name;
    bool full;
    Method method;
  };
  const Way ways[] = {{"incremental", false, Method::fresh},
                      {"clean", true, Method::clean},
                      {"fresh", true, Method::fresh},
                      {"clobber", true, Method::clobber},
                      {"copy", true, Method::copy}};
  const std::pair<const char*, std::function<void()>> histories[] = {
      {"nothing new", [] {}},
      {"a commit and a tag on it",
       [&] {
         git({"tag", "v3-" + commit("a.c", "more " + std::to_string(++count_)).substr(0, 8)}, origin_);
       }},
      {"a branch and a tag are gone",
       [&] {
         git({"branch", "-D", "topic/one"}, origin_);
         git({"tag", "-d", "v1"}, origin_);
       }},
      {"a branch where a folder of branches was",
       [&] {
         git({"branch", "topic", "refs/heads/main"}, origin_);
       }},
      {"a tag moved",
       [&] {
         git({"tag", "-f", "v1", "refs/heads/main~1"}, origin_);
       }},
      {"rewritten",
       [&] {
         git({"commit", "-q", "--amend", "-m", "rewritten"}, origin_);
       }},
      {"the topic is a folder again",
       [&] {
         git({"branch", "-D", "topic"}, origin_);
         git({"branch", "topic/one", "refs/heads/main"}, origin_);
       }},
      {"the default branch has another name",
       [&] {
         git({"branch", "-m", "main", "trunk"}, origin_);
       }},
      {"and its old one",
       [&] {
         git({"branch", "-m", "trunk", "main"}, origin_);
       }},
  };
  for (const auto& way : ways) {
    options_.full = way.full;
    options_.method = way.method;
    for (const auto& [history, happen] : histories) {
      happen();
      expect_clone(std::string(way.name) + ": " + history);
    }
  }
}

TEST_F(GitCloneTest, OfEveryBranchThatPeopleCanName) {
  git({"checkout", "-q", "tag"}, origin_);
  commit("t.c", "on tag");
  git({"checkout", "-q", "+x"}, origin_);
  commit("x.c", "on x");
  git({"checkout", "-q", "main"}, origin_);
  for (const char* branch : {"main", "tag", "+x", "topic/one", "main"}) {
    options_.branch = branch;
    expect_clone(branch);
    EXPECT_EQ(got_, git({"rev-parse", std::string("refs/heads/") + branch}, origin_));
  }
}

TEST_F(GitCloneTest, OfTheDepthThatIsAskedForNow) {
  for (int i = 0; i < 6; ++i)
    git({"tag", "n" + std::to_string(i), commit("n.c", std::to_string(i))}, origin_);
  for (const int depth : {0, 1, 3, 0, 2, 2, 0}) {
    options_.depth = depth;
    expect_clone("depth " + std::to_string(depth));
    git({"tag", "after-" + commit("n.c", "after " + std::to_string(++count_)).substr(0, 8)}, origin_);
    expect_clone("depth " + std::to_string(depth) + ", again");
  }
  options_.depth = 2;
  options_.branch = "topic/one";
  expect_clone("depth 2 of another branch");
}

TEST_F(GitCloneTest, OfAnotherAddress) {
  expect_clone("first");
  const auto other = folder_ + "/other";
  git({"clone", "-q", "--bare", origin_, other}, folder_);
  git({"branch", "only-there", "refs/heads/main"}, other);
  options_.url = "file://" + other;
  expect_clone("second");
}

TEST_F(GitCloneTest, OfADetachedHead) {
  git({"checkout", "-q", "--detach", first_}, origin_);
  expect_clone("new");
  git({"checkout", "-q", "--detach", second_}, origin_);
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(got_, second_);
}

TEST_F(GitCloneTest, OfSha256) {
  fs::remove_all(origin_);
  git({"init", "-q", "--object-format=sha256", origin_}, folder_);
  commit("a.c", "one");
  expect_clone("new");
  commit("a.c", "two");
  expect_clone("again");
}

TEST_F(GitCloneTest, WithSubmodulesBesideIt) {
  const auto library = folder_ + "/lib";
  git({"init", "-q", library}, folder_);
  for (const char* text : {"one", "two", "three"}) {
    write(library + "/l.c", text);
    git({"add", "-A"}, library);
    git({"commit", "-q", "-m", text}, library);
  }
  write(origin_ + "/.gitmodules", "[submodule \"lib\"]\n\tpath = lib\n\turl = ../lib\n");
  git({"update-index", "--add", "--cacheinfo", "160000," + git({"rev-parse", "HEAD"}, library) + ",lib"},
      origin_);
  git({"add", ".gitmodules"}, origin_);
  git({"commit", "-q", "-m", "with a neighbour"}, origin_);
  options_.submodules = true;
  expect_clone("new");
  EXPECT_EQ(text("lib/l.c"), "three");
  options_.depth = 1;
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(run({"git", "rev-list", "--count", "HEAD"}, build_ + "/build/lib").output, "3\n");
  fs::remove_all(build_);
  ASSERT_TRUE(check_out(options_)) << log_;
  EXPECT_EQ(run({"git", "rev-list", "--count", "HEAD"}, build_ + "/build/lib").output, "1\n");
  options_.depth = 0;
  expect_clone("all of it again");
  EXPECT_EQ(run({"git", "rev-list", "--count", "HEAD"}, build_ + "/build/lib").output, "3\n");
}

// The bytes of all packs and objects that are in the copy.
std::uintmax_t bytes_in(const std::string& git_directory) {
  std::uintmax_t sum = 0;
  for (const auto& entry : fs::recursive_directory_iterator(git_directory + "/objects"))
    if (entry.is_regular_file()) sum += entry.file_size();
  return sum;
}

TEST_F(GitCloneTest, FetchesOnlyWhatIsNew) {
  std::string big;
  for (unsigned i = 1, x = 7; i < 400'000; ++i) big += static_cast<char>((x = x * 1103515245 + 12345) >> 16);
  commit("big", big);
  struct Case {
    const char* name;
    int depth;
    bool full, by_revision;
  };
  for (const auto& c :
       {Case{"tip", 0, false, false}, Case{"revision", 0, false, true}, Case{"full", 0, true, false},
        Case{"shallow", 1, false, false}, Case{"shallow revision", 1, true, true}}) {
    fs::remove_all(build_);
    options_.depth = c.depth;
    options_.full = c.full;
    options_.revision = "";
    options_.branch = c.by_revision ? "main" : "";
    ASSERT_TRUE(check_out(options_)) << log_;
    const auto before = bytes_in(build_ + "/build/.git");
    EXPECT_GT(before, 300'000u);
    for (int i = 0; i < 3; ++i) {
      const auto tip = commit("small", c.name + std::to_string(i));
      if (c.by_revision) options_.revision = tip;
      ASSERT_TRUE(check_out(options_)) << log_;
      EXPECT_EQ(got_, tip);
    }
    EXPECT_LT(bytes_in(build_ + "/build/.git") - before, 20'000u) << c.name;
  }
}

TEST_F(GitCloneTest, IsTidiedInTheForeground) {
  options_.full = true;
  ASSERT_TRUE(check_out(options_)) << log_;
  // As many packs as git's own limit lets grow.
  git({"config", "gc.autoPackLimit", "3"}, build_ + "/build");
  git({"config", "fetch.unpackLimit", "1"}, build_ + "/build");
  for (int i = 0; i < 8; ++i) {
    commit("p.c", std::to_string(i));
    ASSERT_TRUE(check_out(options_)) << log_;
    int packs = 0;
    for (const auto& entry : fs::directory_iterator(build_ + "/build/.git/objects/pack"))
      packs += entry.path().extension() == ".pack";
    EXPECT_LE(packs, 4);
    EXPECT_FALSE(fs::exists(build_ + "/build/.git/gc.pid"));
  }
}

}  // namespace
}  // namespace headrace::worker::testing
