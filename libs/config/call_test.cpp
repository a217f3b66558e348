// SPDX-License-Identifier: Apache-2.0
// Calls of the configuration's functions.
#include <chrono>

#include "config/test_support.hpp"

namespace headrace::config {
namespace {

// A configuration with `body` as the function of a step.
struct Asked {
  std::unique_ptr<Configuration> configuration;
  FunctionId id = 0;

  explicit Asked(const std::string& body, const std::string& before = "") {
    configuration = evaluated(before +
                              "worker 'w' {} builder 'b' { workers = 'w', steps = step.shell { command = "
                              "'x', do_step_if = function(build)\n" +
                              body + "\nend } }");
    if (configuration) id = configuration->site().builder("b")->steps.at(0).do_step_if["$question"].as_int();
  }
  std::string operator()(const json::Value& argument) {
    const auto answer = configuration->call(id, argument);
    return answer ? json::write(*answer) : answer.error().text;
  }
};

const json::Value kBuild = json::Object{
    {"branch", "main"},
    {"number", 3},
    {"results", nullptr},
    {"properties", json::Object{{"branch", "main"}, {"n", 1.5}}},
    {"changes", json::Array{json::Object{{"author", "ann"}, {"files", json::Array{"a.c", "b.c"}}}}},
    {"sources", json::Object{{"", json::Object{{"branch", "main"}, {"revision", nullptr}}}}}};

TEST(Call, GivesTheAnswerAsJson) {
  EXPECT_EQ(Asked("return build.properties.branch == 'main'")(kBuild), "true");
  EXPECT_EQ(Asked("return nil")(kBuild), "null");
  EXPECT_EQ(Asked("return { 1, 2.5, 'x', { a = false } }")(kBuild), R"([1,2.5,"x",{"a":false}])");
  EXPECT_EQ(Asked("return build.changes")(kBuild), R"([{"author":"ann","files":["a.c","b.c"]}])");
  EXPECT_EQ(Asked("return build.changes[1].files[2] .. #build.changes[1].files")(kBuild), R"("b.c2")");
  EXPECT_EQ(
      Asked("return build.changes[2] == nil and build.results == nil and build.sources[''].revision == nil")(
          kBuild),
      "true");
  EXPECT_EQ(Asked("local s = '' for k, v in pairs(build.properties) do s = s .. k .. tostring(v) end\n"
                  "for i, c in ipairs(build.changes) do s = s .. i .. c.author end return s")(kBuild),
            R"("branchmainn1.51ann")");
  EXPECT_EQ(Asked("return table.concat(build.changes[1].files, ' ')")(kBuild), R"("a.c b.c")");
  EXPECT_EQ(Asked("return build.changes == build.changes")(kBuild), "true");
  EXPECT_EQ(Asked("return build")("plain"), R"("plain")");
  EXPECT_EQ(Asked("return build == nil")(nullptr), "true");
}

TEST(Call, RaisesForAMisspeltField) {
  EXPECT_EQ(Asked("return build.branhc")(kBuild),
            "headrace.lua:2: no field 'branhc' in build, did you mean 'branch'?");
  EXPECT_EQ(Asked("\nreturn build.changes[1].autor")(kBuild),
            "headrace.lua:3: no field 'autor' in build.changes.1, did you mean 'author'?");
  EXPECT_EQ(Asked("return build.sources[''].branhc")(kBuild),
            "headrace.lua:2: no field 'branhc' in build.sources., did you mean 'branch'?");
  EXPECT_EQ(Asked("return build.changes.first")(kBuild),
            "headrace.lua:2: no field 'first' in build.changes, which is a list");
}

// The configuration cannot know which properties and codebases a build will have.
TEST(Call, AnswersNilForAPropertyThatIsNotThere) {
  EXPECT_EQ(Asked("return build.properties.deploy == nil and build.sources.lib == nil")(kBuild), "true");
}

TEST(Call, HasAReadOnlyArgument) {
  EXPECT_EQ(Asked("build.branch = 'x'")(kBuild), "headrace.lua:2: cannot set 'branch': build is read-only");
  EXPECT_EQ(Asked("build.properties.branch = 'x'")(kBuild),
            "headrace.lua:2: cannot set 'branch': build.properties is read-only");
  EXPECT_EQ(Asked("table.insert(build.changes, 1)")(kBuild),
            "headrace.lua:2: cannot set '2': build.changes is read-only");
  EXPECT_EQ(Asked("return getmetatable(build)")(kBuild), R"("read-only")");
}

TEST(Call, RefusesWhatIsNoJson) {
  EXPECT_EQ(Asked("return function() end")(kBuild),
            "headrace.lua:1: the function answered a function, expected plain data");
  EXPECT_EQ(Asked("return { 1, a = 2 }")(kBuild),
            "headrace.lua:1: the function answered a table that is neither a list nor has only names as "
            "keys, expected plain data");
  EXPECT_EQ(Asked("return 0/0")(kBuild),
            "headrace.lua:1: the function answered a number that is not finite, expected plain data");
  EXPECT_EQ(Asked("local t = {} t.t = t return t")(kBuild),
            "headrace.lua:1: the function answered a table nested more than 100 deep, expected plain data");
  EXPECT_EQ(Asked("return property 'x'")(kBuild),
            "headrace.lua:1: the function answered a value of the configuration, expected plain data");
}

TEST(Call, ReportsLuasErrorsWithTheirPlace) {
  EXPECT_EQ(Asked("local x = nil\nreturn x.y")(kBuild),
            "headrace.lua:3: attempt to index a nil value (local 'x')");
  EXPECT_EQ(Asked("error('no')")(kBuild), "headrace.lua:2: no");
  EXPECT_EQ(Asked("return unknwn")(kBuild), "headrace.lua:2: unknown word 'unknwn'");
  EXPECT_EQ(Asked("return stat.x", "state = {} ")(kBuild),
            "headrace.lua:2: unknown word 'stat', did you mean 'state'?");
  EXPECT_EQ(Asked("worker 'late' {}")(kBuild),
            "headrace.lua:2: worker: nothing can be declared in a function that runs later");
  EXPECT_EQ(Asked("global = 1")(kBuild),
            "headrace.lua:2: the global 'global' cannot be set in a function that runs later");
  EXPECT_EQ(Asked("include 'x.lua'")(kBuild),
            "headrace.lua:2: include: no file can be read by a function that runs later");
}

TEST(Call, IsLimitedAndWorksAgainAfterwards) {
  Asked loop("if build == 'stop' then while true do pcall(error) end end return 1");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(loop("stop"),
            "headrace.lua:2: ran more than 10000000 instructions: is there a loop without end?");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  EXPECT_EQ(loop("go"), "1");
  Asked memory("if build == 'stop' then local s = 'x' while true do s = s .. s end end return 1");
  EXPECT_EQ(memory("stop"), "headrace.lua:2: used more than 16 MiB of memory");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(memory("go"), "1");
}

TEST(Call, IsStoppedInSlowLibraryFunctions) {
  Asked slow("local s = ('x'):rep(4e6)\nwhile true do\n local n = s:find('y', 1, true) end");
  EXPECT_EQ(slow(nullptr), "headrace.lua:4: ran longer than 2000 ms");
}

TEST(Call, RefusesANumberThatIsNoFunction) {
  Asked asked("return 1");
  EXPECT_EQ(asked.configuration->call(0, nullptr).error().text, "this configuration has no function 0");
  EXPECT_EQ(asked.configuration->call(99, nullptr).error().text, "this configuration has no function 99");
}

}  // namespace
}  // namespace headrace::config
