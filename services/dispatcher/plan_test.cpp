// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/plan.hpp"

#include <gtest/gtest.h>

#include "config/test_support.hpp"
#include "render/render.hpp"

namespace headrace::dispatcher {
namespace {

// Makes the plan of a build of builder "kernel" on worker "w". `site` is the configuration before the
// builder, `builder` has the builder's fields.
struct Planned {
  explicit Planned(const std::string& builder, const std::string& worker = "", const std::string& site = "",
                   const wire::Buildset& buildset = one_change(), const std::string& directory = "kernel") {
    configuration = config::evaluated(site + " worker 'w' { " + worker + " }\n" +
                                      "builder 'kernel' { workers = 'w', " + builder + " }");
    if (!configuration) return;
    const auto& s = configuration->site();
    auto made = make_plan(*configuration, ConfigVersion{9}, *s.builder("kernel"), *s.worker("w"),
                          RequestId{4}, buildset, directory);
    if (made) {
      plan = std::move(*made);
    } else {
      error = made.error().text;
    }
  }

  static wire::Buildset one_change() {
    wire::Buildset set;
    set.sourcestamps = {{"", "git/kernel", "linux", "main", "abc123"}};
    set.changes = {ChangeId{11}, ChangeId{12}};
    return set;
  }
  // Gives value and source of a property, as REST shows them.
  json::Value property(const std::string& name) const {
    const auto found = plan.properties.find(name);
    if (found == plan.properties.end()) return "(none)";
    return json::Array{found->second.value, found->second.source};
  }

  std::unique_ptr<config::Configuration> configuration;
  wire::BuildPlan plan;
  std::string error;
};

json::Value from(json::Value value, const char* source) { return json::Array{std::move(value), source}; }
const std::string kSteps = "steps = step.shell { command = 'true' }";

TEST(Plan, SaysWhatItIsFor) {
  const Planned p(kSteps);
  EXPECT_EQ(p.error, "");
  EXPECT_EQ(p.plan.request, RequestId{4});
  EXPECT_EQ(p.plan.builder, "kernel");
  EXPECT_EQ(p.plan.directory, "kernel");
  EXPECT_EQ(p.plan.config, ConfigVersion{9});
  EXPECT_EQ(p.plan.changes, (std::vector{ChangeId{11}, ChangeId{12}}));
  EXPECT_EQ(p.plan.sourcestamps, Planned::one_change().sourcestamps);
  ASSERT_EQ(p.plan.steps.size(), 1u);
}

TEST(Plan, SaysHowItsStepsAreIsolated) {
  EXPECT_EQ(Planned(kSteps).plan.isolation.mode, "none");
  const Planned p(kSteps,
                  "isolation = 'process', readable = '/opt/sdk', writable = { '~/.cache', '/srv/x' }");
  EXPECT_EQ(p.error, "");
  EXPECT_EQ(p.plan.isolation.mode, "process");
  EXPECT_FALSE(p.plan.isolation.preferred);
  EXPECT_EQ(p.plan.isolation.readable, std::vector<std::string>{"/opt/sdk"});
  EXPECT_EQ(p.plan.isolation.writable, (std::vector<std::string>{"~/.cache", "/srv/x"}));
}

TEST(Plan, BuildsAtOnceHaveDirectoriesOfTheirOwn) {
  const Planned p("max_builds_per_worker = 2, " + kSteps, "slots = 2", "", Planned::one_change(), "kernel~2");
  EXPECT_EQ(p.plan.directory, "kernel~2");
  EXPECT_EQ(p.property("builddir"), from("kernel~2", "Builder"));
  EXPECT_EQ(p.property("buildername"), from("kernel", "Builder"));
}

TEST(Plan, OneSourceStampMakesTheBuildsProperties) {
  const Planned one(kSteps);
  EXPECT_EQ(one.property("branch"), from("main", "Build"));
  EXPECT_EQ(one.property("revision"), from("abc123", "Build"));
  EXPECT_EQ(one.property("repository"), from("git/kernel", "Build"));
  EXPECT_EQ(one.property("project"), from("linux", "Build"));
  EXPECT_EQ(one.property("codebase"), from("", "Build"));

  auto set = Planned::one_change();
  set.sourcestamps[0].branch = set.sourcestamps[0].revision = std::nullopt;
  const Planned none(kSteps, "", "", set);
  EXPECT_EQ(none.property("branch"), from(nullptr, "Build")) << "known to be none";

  set.sourcestamps = {{"app", "", "", "main", {}}, {"lib", "", "", "next", {}}};
  const Planned two(kSteps, "", "", set);
  EXPECT_EQ(two.property("branch"), json::Value("(none)")) << "of which codebase?";
  EXPECT_EQ(two.plan.sourcestamps.size(), 2u);
}

// Each layer sets the name of every layer that it must win against.
TEST(Plan, LayersOfPropertiesLieAsBuildbotHasThem) {
  auto set = Planned::one_change();
  set.properties = {{"p2", {"buildset", "Change"}},
                    {"p3", {"buildset", "Change"}},
                    {"p4", {"buildset", "Force"}},
                    {"branch", {"buildset", "Force"}},
                    {"workername", {"buildset", "Force"}}};
  const Planned p("properties = { p3 = 'builder', p4 = 'builder', branch = 'builder' }, " + kSteps,
                  "properties = { p4 = 'worker', branch = 'worker' }",
                  "site { properties = { p1 = 'site', p2 = 'site', p3 = 'site', p4 = 'site' } }", set);
  EXPECT_EQ(p.property("p1"), from("site", "Global"));
  EXPECT_EQ(p.property("p2"), from("buildset", "Change"));
  EXPECT_EQ(p.property("p3"), from("builder", "Builder"));
  EXPECT_EQ(p.property("p4"), from("worker", "Worker"));
  EXPECT_EQ(p.property("branch"), from("main", "Build"));
  EXPECT_EQ(p.property("workername"), from("w", "Worker")) << "nobody else can say that";
}

TEST(Plan, DefaultPropertiesFillGapsOnly) {
  auto set = Planned::one_change();
  set.properties = {{"asked", {"yes", "Force"}}};
  const Planned p("default_properties = { asked = 'no', quiet = 'builder', both = 'builder' }, " + kSteps,
                  "default_properties = { asked = 'no', both = 'worker', mine = 'worker' }", "", set);
  EXPECT_EQ(p.property("asked"), from("yes", "Force"));
  EXPECT_EQ(p.property("quiet"), from("builder", "Builder"));
  EXPECT_EQ(p.property("both"), from("builder", "Builder")) << "the builder's come first";
  EXPECT_EQ(p.property("mine"), from("worker", "Worker"));
}

TEST(Plan, APropertyOfTheBuilderMayBeMadeOfOthers) {
  auto set = Planned::one_change();
  set.properties = {{"level", {3, "Force"}}};
  const Planned p(
      "properties = { both = interpolate '%(prop:level)s on %(src::branch)s', copy = property 'level',\n"
      "asked = function(build) return build.properties.level + 1 .. build.worker .. "
      "build.sources[''].revision end }, " +
          kSteps,
      "", "", set);
  EXPECT_EQ(p.error, "");
  EXPECT_EQ(p.property("both"), from("3 on main", "Builder"));
  EXPECT_EQ(p.property("copy"), from(3, "Builder"));
  EXPECT_EQ(p.property("asked"), from("4wabc123", "Builder"));
}

TEST(Plan, APropertyThatCannotBeEvaluatedIsNamed) {
  EXPECT_EQ(Planned("properties = { bad = function(build) error('no way') end }, " + kSteps).error,
            "property bad of builder kernel: headrace.lua:2: no way");
  EXPECT_EQ(Planned("default_properties = { bad = function(build) return build.properties.x .. 'y' end }, " +
                    kSteps)
                .error,
            "property bad of builder kernel: headrace.lua:2: attempt to concatenate a nil value (field 'x')");
  auto set = Planned::one_change();
  set.properties = {{"bad", {"given", "Force"}}};
  EXPECT_EQ(
      Planned("default_properties = { bad = function(build) error('no way') end }, " + kSteps, "", "", set)
          .error,
      "")
      << "there is no gap, so nobody asks";
}

TEST(Plan, TheStepsEnvironmentIsOverTheBuilders) {
  const Planned p(
      "env = { PATH = '/opt', LANG = 'C' },\n"
      "steps = { step.shell { command = 'a' }, step.shell { command = 'b', env = { LANG = 'sv_SE', HOME = "
      "'/' } } }");
  ASSERT_EQ(p.plan.steps.size(), 2u);
  EXPECT_EQ(p.plan.steps[0].env, json::Value(json::Object{{"PATH", "/opt"}, {"LANG", "C"}}));
  EXPECT_EQ(p.plan.steps[1].env,
            json::Value(json::Object{{"PATH", "/opt"}, {"LANG", "sv_SE"}, {"HOME", "/"}}));
}

TEST(Plan, StepsHaveTheDefaultsOfTheirKind) {
  const Planned p(
      "steps = { step.git { url = 'git/x' }, step.compile {}, step.test {}, step.shell { command = 'x', "
      "timeout = '5s' } }");
  ASSERT_EQ(p.plan.steps.size(), 4u);
  const auto& git = p.plan.steps[0];
  EXPECT_EQ(git.kind, "git");
  EXPECT_TRUE(git.flags.halt_on_failure);
  EXPECT_EQ(git.options["mode"], json::Value("incremental"));
  const auto& compile = p.plan.steps[1];
  EXPECT_EQ(compile.kind, "command");
  EXPECT_EQ(compile.command, json::Value(json::Array{"make", "all"}));
  EXPECT_TRUE(compile.flags.halt_on_failure);
  EXPECT_TRUE(compile.warning_pattern);
  const auto& test = p.plan.steps[2];
  EXPECT_TRUE(test.flags.flunk_on_failure);
  EXPECT_FALSE(test.flags.halt_on_failure);
  EXPECT_EQ(test.workdir, json::Value("build"));
  EXPECT_EQ(test.timeout_ms, 1'200'000);
  EXPECT_EQ(p.plan.steps[3].timeout_ms, 5'000);
}

// The worker renders the value when the step starts, because earlier steps may set properties.
TEST(Plan, AnInterpolateInACommandGoesToTheWorkerAsItIs) {
  const Planned p(
      "steps = step.shell { command = { 'make', interpolate 'V=%(prop:branch)s/%(prop:buildername)s' } }");
  ASSERT_EQ(p.plan.steps.size(), 1u);
  const auto& command = p.plan.steps[0].command;
  EXPECT_EQ(command.as_array().at(1)["$interpolate"], json::Value("V=%(prop:branch)s/%(prop:buildername)s"));
  render::Context context;
  context.properties = &p.plan.properties;
  const auto rendered = render::render(command, context);
  ASSERT_TRUE(rendered) << rendered.error().text;
  EXPECT_EQ(*rendered, json::Value(json::Array{"make", "V=main/kernel"}))
      << "with what the plan brings along";
}

TEST(Plan, FunctionsOfTheBuildSeeItAsItIs) {
  wire::Build build;
  build.builder = "kernel";
  build.worker = "w";
  build.number = 3;
  build.results = Results::warnings;
  build.properties["owner"] = {"ann", "Change"};
  build.sourcestamps = Planned::one_change().sourcestamps;
  build.steps.resize(2);
  build.steps[0].name = "git";
  build.steps[0].results = Results::success;
  build.steps[1].name = "make";
  build.steps[1].number = 1;
  wire::Change change;
  change.author = "ann";
  const auto argument = build_argument(build, {change});
  EXPECT_EQ(argument["builder"], json::Value("kernel"));
  EXPECT_EQ(argument["number"], json::Value(3));
  EXPECT_EQ(argument["results"], json::Value("warnings"));
  EXPECT_EQ(argument["properties"]["owner"], json::Value("ann"));
  EXPECT_EQ(argument["sources"][""]["revision"], json::Value("abc123"));
  EXPECT_EQ(argument["changes"].as_array().at(0)["author"], json::Value("ann"));
  EXPECT_EQ(argument["steps"].as_array().at(0)["results"], json::Value("success"));
  EXPECT_TRUE(argument["steps"].as_array().at(1)["results"].is_null()) << "it runs";
}

}  // namespace
}  // namespace headrace::dispatcher
