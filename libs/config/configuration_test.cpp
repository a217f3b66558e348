// SPDX-License-Identifier: Apache-2.0
// What evaluation makes of a configuration without mistakes.
#include "config/configuration.hpp"

#include "config/force_options.hpp"
#include "config/test_support.hpp"

namespace headrace::config {
namespace {

// A kind binds its options to a struct like this.
struct BranchFields {
  std::optional<std::optional<std::string>> branch;
  std::vector<std::string> important_files;
  std::map<std::string, wire::SourceStamp> codebases;
  std::optional<ChangeFilter> change_filter;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("branch", s.branch), f("important_files", s.important_files), f("codebases", s.codebases);
    f("change_filter", s.change_filter);
  }
};

struct MailFields {
  TextOrFunction subject;
  FunctionId body = 0;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("subject", s.subject), f("body", s.body);
  }
};

struct Misspelt {
  std::string relais;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("relais", s.relais);
  }
};

constexpr const char* kSample = R"lua(
worker.embedded "local" { slots = 2 }
change_source.git "hello" { url = "/srv/git/hello.git", branches = { "main" }, poll_interval = "5s" }

builder "hello" {
  workers = { "local" },
  steps = {
    step.git { url = "/srv/git/hello.git" },
    step.compile { command = { "make", "-j2" } },
    step.test { command = { "make", "test" }, do_step_if = function(build) return build.properties.branch == "main" end },
  },
}

scheduler.branch "main" { branch = "main", tree_stable_timer = "10s", builders = { "hello" } }
scheduler.force "force" { builders = { "hello" } }
reporter.mail { from = "ci@example.org", to = { "dev@example.org" }, mode = { "change", "failing" } }
)lua";

TEST(Configuration, EvaluatesTheSampleOfTheDesign) {
  const auto c = evaluated(kSample);
  ASSERT_TRUE(c);
  const Site& site = c->site();
  ASSERT_NE(site.worker("local"), nullptr);
  EXPECT_TRUE(site.worker("local")->embedded);
  EXPECT_EQ(site.worker("local")->slots, 2);
  EXPECT_EQ(site.worker("local")->isolation, "");  // what the machine can
  ASSERT_EQ(site.pollers.size(), 1u);
  EXPECT_EQ(site.pollers[0].name, "hello");
  EXPECT_EQ(site.pollers[0].kind, "git");
  EXPECT_EQ(
      json::write(site.pollers[0].options.values()),
      R"({"branches":["main"],"codebase":"","only_tags":false,"poll_interval":5000,"project":"","url":"/srv/git/hello.git"})");
  const Builder* builder = site.builder("hello");
  ASSERT_NE(builder, nullptr);
  EXPECT_EQ(builder->workers, std::vector<std::string>{"local"});
  EXPECT_EQ(builder->place, "headrace.lua:5");
  ASSERT_EQ(builder->steps.size(), 3u);
  EXPECT_EQ(builder->steps[1].command, json::Value(json::Array{"make", "-j2"}));
  EXPECT_TRUE(builder->steps[2].do_step_if["$question"].is_int());
  const Scheduler* branch = site.scheduler("main");
  ASSERT_NE(branch, nullptr);
  EXPECT_EQ(branch->kind, "branch");
  EXPECT_EQ(json::write(branch->options.values()),
            R"({"branch":"main","only_important":false,"tree_stable_timer":10000})");
  EXPECT_EQ(branch->builders, std::vector<std::string>{"hello"});
  ASSERT_NE(site.scheduler("force"), nullptr);
  EXPECT_EQ(site.scheduler("force")->kind, "force");
  ASSERT_EQ(site.reporters.size(), 1u);
  EXPECT_EQ(site.reporters[0].name, "mail");
  EXPECT_EQ(site.reporters[0].mode, (std::vector<std::string>{"change", "failing"}));
  EXPECT_EQ(*site.reporters[0].options.find("to"), json::Value(json::Array{"dev@example.org"}));
  EXPECT_EQ(*site.reporters[0].options.find("relay"), json::Value("smtp://localhost:25"));
}

TEST(Configuration, GivesStepsBuildbotsDefaults) {
  const auto c = evaluated(R"lua(
worker "w" {}
builder "b" { workers = "w", steps = {
  step.git { url = "u" }, step.git "full" { url = "u", mode = "full" },
  step.shell { command = "true" }, step.compile {}, step.test {}, step.set_property { property = "p", value = 1 } } }
)lua");
  ASSERT_TRUE(c);
  const auto& steps = c->site().builder("b")->steps;
  ASSERT_EQ(steps.size(), 6u);
  for (const auto& step : steps) {
    EXPECT_TRUE(step.flags.flunk_on_failure);
    EXPECT_EQ(step.timeout_ms, 1'200'000);
    EXPECT_EQ(step.workdir, json::Value("build"));
  }
  EXPECT_EQ(steps[0].kind, "git");
  EXPECT_EQ(steps[0].name, json::Value("git"));
  EXPECT_TRUE(steps[0].flags.halt_on_failure);
  EXPECT_EQ(steps[0].options["mode"], json::Value("incremental"));
  EXPECT_EQ(steps[0].options["method"], json::Value("fresh"));
  EXPECT_EQ(steps[1].name, json::Value("full"));
  EXPECT_EQ(steps[1].options["method"], json::Value("fresh"));
  EXPECT_EQ(steps[2].kind, "command");
  EXPECT_FALSE(steps[2].flags.halt_on_failure);
  EXPECT_FALSE(steps[2].warning_pattern);
  EXPECT_EQ(steps[3].command, json::Value(json::Array{"make", "all"}));
  EXPECT_TRUE(steps[3].flags.halt_on_failure);
  EXPECT_EQ(steps[3].description, json::Value("compiling"));
  EXPECT_EQ(steps[3].description_done, json::Value("compile"));
  EXPECT_EQ(steps[3].warning_pattern, "(?i).*warning[: ].*");
  EXPECT_EQ(steps[4].command, json::Value(json::Array{"make", "test"}));
  EXPECT_TRUE(steps[4].flags.warn_on_failure);
  EXPECT_EQ(steps[4].description_done, json::Value("test"));
  EXPECT_EQ(steps[5].kind, "set_property");
  EXPECT_EQ(steps[5].options["property"], json::Value("p"));
  EXPECT_EQ(steps[5].options["value"], json::Value(1));
}

TEST(Configuration, MapsEveryFieldOfAStep) {
  const auto c = evaluated(R"lua(
worker "w" {}
builder "b" { workers = "w", steps = step.compile "make" {
  workdir = "sub", env = { CC = "gcc", LANG = false, N = 3, PATH = { "/a", "${PATH}" } },
  description = { "making", "it" }, halt_on_failure = false, flunk_on_failure = false, warn_on_failure = true,
  flunk_on_warnings = true, warn_on_warnings = true, always_run = true, do_step_if = property("deploy", false),
  hide_step_if = true, command = { "make", { "-j", 4 }, interpolate "T=%(prop:target:-all)s" }, timeout = false,
  max_time = "2h", max_lines = 500, sigterm_time = 5, initial_stdin = "yes\n", log_environ = false,
  decode_rc = { [0] = "success", [1] = "warnings", [77] = "skipped", [3221225786] = "exception" }, warning_pattern = "^W", max_warn_count = 10 } }
)lua");
  ASSERT_TRUE(c);
  const auto& s = c->site().builder("b")->steps.at(0);
  EXPECT_EQ(s.name, json::Value("make"));
  EXPECT_EQ(s.workdir, json::Value("sub"));
  EXPECT_EQ(json::write(s.env), R"({"CC":"gcc","LANG":null,"N":"3","PATH":["/a","${PATH}"]})");
  EXPECT_EQ(s.description, json::Value(json::Array{"making", "it"}));
  EXPECT_EQ(s.description_done, s.description);
  EXPECT_FALSE(s.flags.halt_on_failure || s.flags.flunk_on_failure);
  EXPECT_TRUE(s.flags.warn_on_failure && s.flags.flunk_on_warnings && s.flags.warn_on_warnings &&
              s.flags.always_run);
  EXPECT_EQ(json::write(s.do_step_if), R"({"$default":false,"$property":"deploy"})");
  EXPECT_EQ(s.hide_step_if, json::Value(true));
  EXPECT_EQ(json::write(s.command), R"(["make","-j","4",{"$interpolate":"T=%(prop:target:-all)s"}])");
  EXPECT_EQ(s.timeout_ms, 0);
  EXPECT_EQ(s.max_time_ms, 7'200'000);
  EXPECT_EQ(s.max_lines, 500);
  EXPECT_EQ(s.sigterm_ms, 5000);
  EXPECT_EQ(s.initial_stdin, json::Value("yes\n"));
  EXPECT_FALSE(s.log_environ);
  EXPECT_EQ(s.decode_rc,
            (std::map<int, Results>{{-1073741510, Results::exception},  // 3221225786, as Windows writes it
                                    {0, Results::success},
                                    {1, Results::warnings},
                                    {77, Results::skipped}}));
  EXPECT_EQ(s.warning_pattern, "^W");
  EXPECT_EQ(s.max_warn_count, 10);
}

TEST(Configuration, TakesADeclarationWhereANameIsWantedInAnyOrderAndFlattensLists) {
  const auto c = evaluated(R"lua(
local fetch = { step.git { url = "u" }, { step.shell { command = "a" } } }
local late = scheduler.force "f" { builders = { "two", { "o*" } } }
local w = worker "mac-1" {}
local one = builder "one" { workers = { w, "mac-*" }, steps = { fetch, step.shell "own" { command = "b" } } }
builder { name = "two", workers = { { "mac-2" }, "mac-*" }, steps = fetch }
worker "mac-2" {}
scheduler.branch "s" { builders = one }
reporter.mail { from = "a@b", builders = { one }, schedulers = late }
)lua");
  ASSERT_TRUE(c);
  const Site& site = c->site();
  EXPECT_EQ(site.builder("one")->workers, (std::vector<std::string>{"mac-1", "mac-2"}));
  EXPECT_EQ(site.builder("two")->workers, (std::vector<std::string>{"mac-2", "mac-1"}));
  EXPECT_EQ(site.builder("one")->steps.size(), 3u);
  EXPECT_EQ(site.builder("two")->steps.size(), 2u);
  EXPECT_EQ(site.scheduler("f")->builders, (std::vector<std::string>{"two", "one"}));
  EXPECT_EQ(site.scheduler("s")->builders, std::vector<std::string>{"one"});
  EXPECT_TRUE(site.reporters[0].builders->matches("one"));
  EXPECT_FALSE(site.reporters[0].builders->matches("two"));
  EXPECT_EQ(site.reporters[0].schedulers, std::vector<std::string>{"f"});
}

TEST(Configuration, ReadsTheRestOfTheVocabulary) {
  const auto c = evaluated(R"lua(
site { title = "Acme", url = "https://ci.acme.org", properties = { os = "linux", n = { 1, 2 } },
       codebase = function(change) return "" end }
hook.github { secret = "s", strict = true, skips = { "\\[skip ci\\]" }, pullrequest_ref = "merge", githubPropertyWhitelist = "github.*" }
hook.gitlab { codebase = "lib" }
hook.base {}
worker "w" { slots = 3, properties = { arch = "arm" }, default_properties = { x = true } }
builder "b" {
  workers = "w", tags = { "c", "fast" }, description = "d", env = { A = "1" }, max_builds_per_worker = 2,
  properties = { p = interpolate "%(src::branch)s", q = function(build) return 1 end }, default_properties = { r = 2 },
  steps = { step.shell { command = "true" } } }
scheduler.branch "s" {
  builders = "b", branch = false, important_files = { "src/**" }, only_important = true, priority = 7, reason = "because",
  properties = { a = 1, b = function(request) return 2 end }, codebases = { lib = { repository = "r", branch = "main" }, [""] = {} },
  change_filter = { project = "kernel", branch_re = "release/.*", category = { "x", false }, category_not_eq = "doc",
                    property_eq = { owner = "ann" }, filter_fn = function(change) return true end } }
scheduler.force "f" { builders = "b", button_name = "Go" }
reporter.http { server_url = "http://x/y", auth = { "u", "p" }, headers = { ["X-A"] = "1" } }
reporter.mail "other" { from = "ci@x.org", mode = "all", subject = "%(prop:buildername)s", body = function(report) return "" end,
                        extra_headers = { ["X-B"] = "2" }, use_tls = true, lookup = "x.org", relay = "smtps://mail:465" }
)lua");
  ASSERT_TRUE(c);
  const Site& s = c->site();
  EXPECT_EQ(s.url, "https://ci.acme.org/");
  EXPECT_EQ(s.properties.at("os"), (Property{"linux", "Global"}));
  EXPECT_NE(s.codebase_fn, 0);
  ASSERT_EQ(s.hooks.size(), 3u);
  EXPECT_EQ(
      json::write(s.hooks[0].options.values()),
      R"({"codebase":"","debug":false,"github_api_endpoint":"https://api.github.com","github_property_whitelist":["github.*"],)"
      R"("pullrequest_ref":"merge","secret":"s","skips":["\\[skip ci\\]"],"strict":true,"verify":true})");
  EXPECT_EQ(s.worker("w")->properties.at("arch"), (Property{"arm", "Worker"}));
  const Builder& b = *s.builder("b");
  EXPECT_EQ(b.max_builds_per_worker, 2);
  EXPECT_EQ(json::write(b.properties.at("p")), R"({"$interpolate":"%(src::branch)s"})");
  EXPECT_TRUE(b.properties.at("q")["$question"].is_int());
  EXPECT_EQ(b.default_properties.at("r"), json::Value(2));
  const Scheduler& sched = *s.scheduler("s");
  EXPECT_EQ(sched.priority, 7);
  const auto branch = sched.options.as<BranchFields>();
  ASSERT_TRUE(branch.branch);
  EXPECT_EQ(*branch.branch, std::nullopt);
  EXPECT_EQ(branch.important_files, std::vector<std::string>{"src/**"});
  EXPECT_EQ(branch.codebases.at("lib").repository, "r");
  EXPECT_EQ(branch.codebases.at("lib").branch, "main");
  EXPECT_EQ(branch.codebases.count(""), 1u);
  const ChangeFilter& f = *branch.change_filter;
  EXPECT_EQ(f.attributes.at("branch").re, std::vector<std::string>{"release/.*"});
  ASSERT_TRUE(f.attributes.at("category").eq);
  EXPECT_EQ(f.attributes.at("category").eq->at(1), std::nullopt);
  EXPECT_NE(f.filter_fn, 0);
  EXPECT_EQ(s.scheduler("f")->options.as<ForceOptions>().button_name, "Go");
  EXPECT_TRUE(s.reporters[0].mode.empty());
  EXPECT_EQ(*s.reporters[0].options.find("auth"), json::Value(json::Array{"u", "p"}));
  EXPECT_EQ(s.reporters[1].name, "other");
  EXPECT_EQ(s.reporters[1].mode.size(), 5u);
  const auto mail = s.reporters[1].options.as<MailFields>();
  EXPECT_EQ(mail.subject.text, "%(prop:buildername)s");
  EXPECT_NE(mail.body, 0);
}

TEST(Configuration, RefusesAKindThatAsksForAnOptionWhichIsNone) {
  const auto c = evaluated("reporter.mail { from = 'a@b' }");
  ASSERT_TRUE(c);
  EXPECT_THROW(c->site().reporters[0].options.as<Misspelt>(), std::logic_error);
}

TEST(Configuration, IncludesFilesOnceAndLoadsJson) {
  const auto c = evaluated(R"lua(
include "more/workers.lua"
include "./more/workers.lua"
local common = include "common.lua"
for name, board in pairs(load_json "boards.json") do
  builder(name) { workers = board.workers, steps = common.steps, description = board.note }
end
)lua",
                           {{"more/workers.lua", "worker 'a' {}\nworker 'b' {}\n"},
                            {"common.lua", "return { steps = { step.shell { command = 'true' } } }"},
                            {"boards.json", R"({"z":{"workers":["a"],"note":null},"y":{"workers":["b"]}})"}});
  ASSERT_TRUE(c);
  ASSERT_EQ(c->site().builders.size(), 2u);
  EXPECT_EQ(c->site().builders[0].name, "y");  // tables are walked in the order of their keys
  EXPECT_EQ(c->site().builders[1].workers, std::vector<std::string>{"a"});
  EXPECT_EQ(c->site().worker("a")->place, "more/workers.lua:1");
}

TEST(Configuration, NumbersFunctionsAlikeInEveryProcess) {
  std::string text = "worker 'w' {}\nlocal t = {}\n";
  for (int i = 0; i < 40; ++i)
    text += "t['k" + std::to_string(i) + "'] = function() return " + std::to_string(i) + " end\n";
  text +=
      "for name, f in pairs(t) do builder(name) { workers = 'w', steps = step.shell { command = 'x', "
      "do_step_if = f } } end\n";
  const auto a = evaluated(text), b = evaluated(text);
  ASSERT_TRUE(a && b);
  for (std::size_t i = 0; i < 40; ++i) {
    const auto id = a->site().builders[i].steps[0].do_step_if["$question"];
    EXPECT_EQ(id, b->site().builders[i].steps[0].do_step_if["$question"]);
    EXPECT_EQ(a->call(id.as_int(), nullptr).value(), b->call(id.as_int(), nullptr).value());
  }
}

TEST(Configuration, HoldsTenThousandBuilders) {
  const auto c = evaluated(R"lua(
worker "w" {}
for i = 1, 10000 do
  builder("b" .. i) { workers = "w", steps = { step.git { url = "u" }, step.compile {}, step.test {},
                      step.shell { command = "x", do_step_if = function(build) return i end } } }
end
)lua");
  ASSERT_TRUE(c);
  EXPECT_EQ(c->site().builders.size(), 10'000u);
}

}  // namespace
}  // namespace headrace::config
