// SPDX-License-Identifier: Apache-2.0
// Every kind of mistake: its text, its file and its line.
#include "config/test_support.hpp"
#include "config/vocabulary.hpp"

namespace headrace::config {
namespace {

struct Case {
  const char* name;
  const char* text;      // of headrace.lua; base.lua declares the worker "w" and the builder "b"
  const char* expected;  // all problems, one per line
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

constexpr const char* kBase =
    "worker 'w' {}\nbuilder 'b' { workers = 'w', steps = step.shell { command = 'true' } }\n";

class Mistake : public testing::TestWithParam<Case> {};

TEST_P(Mistake, IsReportedWithItsPlace) {
  EXPECT_EQ(problems_of(std::string("include 'base.lua'\n") + GetParam().text, {{"base.lua", kBase}}),
            GetParam().expected);
}

const Case kGrammarCases[] = {
    {"Syntax", "worker 'x' {\n}}", "headrace.lua:3: unexpected symbol near '}'\n"},
    {"UnknownWord", "scheduller.branch 'x' {}",
     "headrace.lua:2: unknown word 'scheduller', did you mean 'scheduler'?\n"},
    {"UnknownVariant", "scheduler.brnch 'x' {}",
     "headrace.lua:2: unknown word 'scheduler.brnch', did you mean 'scheduler.branch'?\n"},
    {"UnknownWordFarFromAll", "qqqqqqqqqq { }", "headrace.lua:2: unknown word 'qqqqqqqqqq'\n"},
    {"CamelWord", "scheduler.anyBranch 'x' {}",
     "headrace.lua:2: 'scheduler.anyBranch' is written scheduler.any_branch here, and is not yet "
     "supported\n"},
    {"CamelWordKnown", "step.setProperty { }",
     "headrace.lua:2: 'step.setProperty' is written step.set_property here\n"},
    {"LaterWord", "lock.site 'db' { max_count = 3 }", "headrace.lua:2: 'lock' is not yet supported\n"},
    {"LaterVariant", "scheduler.nightly 'n' { cron = '1 1 * * *' }",
     "headrace.lua:2: 'scheduler.nightly' is not yet supported\n"},
    {"LaterFunction", "hook.gitlab { secret = secret 'gitlab' }",
     "headrace.lua:2: 'secret' is not yet supported\n"},
    {"LaterReport", "reporter.mail { from = 'a@b', reports = { report.build {} } }",
     "headrace.lua:2: 'report' is not yet supported\nheadrace.lua:2: 'reports' of reporter.mail is not yet "
     "supported\n"},
    {"OwnStepKinds", "step.gtest = step.test:extend {}\nstep.gtest {}",
     "headrace.lua:2: 'step.test:extend': kinds of one's own are not yet supported\n"
     "headrace.lua:2: 'step.gtest = …': kinds of one's own are not yet supported\n"},
    {"NoTable", "worker 'x'", "headrace.lua:2: worker \"x\" has no { fields }\n"},
    {"NoTableOfVariant", "worker.embedded 'x'", "headrace.lua:2: worker.embedded \"x\" has no { fields }\n"},
    {"NoCall", "builder 'c' { workers = 'w', steps = { step.compile } }",
     "headrace.lua:2: steps[1] of builder \"c\": expected a step, got step.compile itself, without { … }\n"},
    {"NoName", "worker { slots = 1 }", "headrace.lua:2: a worker needs a name: worker \"…\" { … }\n"},
    {"NameBehindTheFields", "scheduler.branch {} 's' { builders = 'b' }",
     "headrace.lua:2: scheduler.branch \"?\": expected { fields }, got string\n"
     "headrace.lua:2: scheduler.branch \"?\" has its fields already\n"},
    {"TwoNames", "worker 'x' { name = 'y' }",
     "headrace.lua:2: worker has two names: \"x\" before its fields and 'name' in them\n"},
    {"NameOfAnotherType", "worker { name = 7 }",
     "headrace.lua:2: name of worker: expected a string, got 7\n"},
    {"NilName", "worker(nil)", "headrace.lua:2: 'worker': expected a name or { fields }, got nil\n"},
    {"SiteWithName", "site 'x' {}", "headrace.lua:2: 'site' has no name: write site { … }\n"},
    {"TwoSites", "site {}\nsite {}", "headrace.lua:3: a second site; the first is at headrace.lua:2\n"},
    {"Duplicate", "builder 'b' { workers = 'w', steps = step.compile {} }",
     "headrace.lua:2: a second builder \"b\"; the first is at base.lua:2\n"},
    {"DuplicateOfAnotherVariant", "worker.embedded 'w' {}",
     "headrace.lua:2: a second worker \"w\"; the first is at base.lua:1\n"},
    {"DuplicateByDefaultName", "hook.github {}\nhook.github {}",
     "headrace.lua:3: a second hook \"github\"; the first is at headrace.lua:2\n"},
    {"HookWithName", "hook.github 'mine' {}",
     "headrace.lua:2: hook.github \"mine\": a second hook of one dialect is not yet supported, so it has no "
     "name of its own\n"},
    {"SetAWord", "worker = 3",
     "headrace.lua:2: 'worker' is a word of the configuration and cannot be set; use a local of another "
     "name\n"},
    {"RuntimeError", "local t = nil\nprint_me = t.x",
     "headrace.lua:3: attempt to index a nil value (local 't')\n"},
    {"OwnError", "error('no boards')", "headrace.lua:2: no boards\n"},
    {"ErrorOfTheCaller", "local function f() error('bad board', 2) end\nf()", "headrace.lua:3: bad board\n"},
    {"ErrorThatIsNoText", "error({})", "headrace.lua:2: an error that is a table, not a text\n"},
    {"IncludeMissing", "include 'x.lua'", "headrace.lua:2: there is no file 'x.lua'\n"},
    {"IncludeUp", "include '../x.lua'",
     "headrace.lua:2: include \"../x.lua\": a path may not lead out of the configuration's folder "
     "(\"..\")\n"},
    {"IncludeUpInside", "load_json 'a/../../x.json'",
     "headrace.lua:2: load_json \"a/../../x.json\": a path may not lead out of the configuration's folder "
     "(\"..\")\n"},
    {"IncludeAbsolute", "include '/etc/passwd'",
     "headrace.lua:2: include \"/etc/passwd\": a path is relative to the configuration's folder, not "
     "absolute\n"},
    {"IncludeItself", "include 'headrace.lua'", "headrace.lua:2: 'headrace.lua' includes itself\n"},
    {"IncludeNoText", "include(3)", "headrace.lua:2: include: expected the name of a file, got number\n"},
    {"Os", "local t = os.time()",
     "headrace.lua:2: 'os' is not available here: a configuration gives the same in every process, without "
     "files, clock or random numbers\n"},
    {"Random", "local n = math.random(6)",
     "headrace.lua:2: 'math.random' is not available here: a configuration gives the same in every process, "
     "without files, clock or random numbers\n"},
    {"Library", "local n = string.uper('x')",
     "headrace.lua:2: unknown word 'string.uper', did you mean 'string.upper'?\n"},
    {"Method", "local n = ('x'):uper()",
     "headrace.lua:2: unknown word 'string.uper', did you mean 'string.upper'?\n"},
    {"Property", "builder 'c' { workers = 'w', steps = step.shell { command = property(1) } }",
     "headrace.lua:2: property: expected a string, got number\n"},
};

const Case kFieldCases[] = {
    {"UnknownField", "scheduler.branch 'x' {\n  builders = 'b',\n  tree_stable_timr = 3,\n}",
     "headrace.lua:4: unknown field 'tree_stable_timr' in scheduler.branch \"x\", did you mean "
     "'tree_stable_timer'?\n"},
    {"Camel", "scheduler.branch 'x' {\n  builders = 'b',\n  treeStableTimer = 3,\n}",
     "headrace.lua:4: 'treeStableTimer' is written tree_stable_timer here (scheduler.branch \"x\")\n"},
    {"Renamed", "scheduler.branch 'x' { builderNames = { 'b' } }",
     "headrace.lua:2: 'builderNames' is written builders here (scheduler.branch \"x\")\n"},
    {"RenamedWithoutCamel", "worker 'x' { max_builds = 2 }",
     "headrace.lua:2: 'max_builds' is written slots here (worker \"x\")\n"},
    {"CamelLater", "builder 'c' { workers = 'w', steps = step.compile {}, canStartBuild = 1 }",
     "headrace.lua:2: 'canStartBuild' is written can_start_build here, and is not yet supported (builder "
     "\"c\")\n"},
    {"LaterField", "worker 'x' {\n  slots = 1,\n  locks = {} }",
     "headrace.lua:4: 'locks' of worker \"x\" is not yet supported\n"},
    {"LaterMailField", "reporter.mail { from = 'a@b', add_logs = true }",
     "headrace.lua:2: 'add_logs' of reporter.mail is not yet supported\n"},
    {"LaterHookField", "hook.base { customClass = 'x' }",
     "headrace.lua:2: 'custom_class' of hook.base is not yet supported\n"},
    {"ValueWithoutField", "worker 'x' { 3 }",
     "headrace.lua:2: 3 in worker \"x\" has no field's name before it\n"},
    {"Required", "\nbuilder 'c' {\n}",
     "headrace.lua:3: builder \"c\" needs the field 'steps'\nheadrace.lua:3: builder \"c\" needs the field "
     "'workers'\n"},
    {"RequiredEmpty", "change_source.git { url = '' }",
     "headrace.lua:2: url of change_source.git: expected a text that is not empty, got \"\"\n"},
    {"Bool", "scheduler.branch 'x' { builders = 'b', only_important = 1 }",
     "headrace.lua:2: only_important of scheduler.branch \"x\": expected true or false, got 1\n"},
    {"Count", "worker 'x' { slots = 0 }",
     "headrace.lua:2: slots of worker \"x\": expected a whole number from 1 to 1000000, got 0\n"},
    {"CountText", "worker 'x' { slots = '2' }",
     "headrace.lua:2: slots of worker \"x\": expected a whole number from 1 to 1000000, got \"2\"\n"},
    {"Integer", "scheduler.force 'x' { builders = 'b', priority = 1.5 }",
     "headrace.lua:2: priority of scheduler.force \"x\": expected a whole number, got 1.5\n"},
    {"PriorityFunction", "scheduler.force 'x' { builders = 'b', priority = function() end }",
     "headrace.lua:2: priority of scheduler.force \"x\" as a function is not yet supported\n"},
    {"LaterSiteFields", "site { collapse_requests = false,\n time_zone = 'Europe/Oslo' }",
     "headrace.lua:2: 'collapse_requests' of site is not yet supported\n"
     "headrace.lua:3: 'time_zone' of site is not yet supported\n"},
    {"LaterCollapse", "builder 'c' { workers = 'w', steps = step.compile {}, collapse_requests = true }",
     "headrace.lua:2: 'collapse_requests' of builder \"c\" is not yet supported\n"},
    {"StepsFunction", "builder 'c' { workers = 'w', steps = function(build) return {} end }",
     "headrace.lua:2: steps of builder \"c\" as a function is not yet supported\n"},
    {"Time", "scheduler.branch 'x' { builders = 'b',\n tree_stable_timer = '10 x' }",
     "headrace.lua:3: tree_stable_timer of scheduler.branch \"x\": expected a time such as \"90s\", \"10m\", "
     "\"2h\", or seconds (0 or false: none), got \"10 x\"\n"},
    {"TimeNegative", "scheduler.branch 'x' { builders = 'b', tree_stable_timer = -1 }",
     "headrace.lua:2: tree_stable_timer of scheduler.branch \"x\": expected a time such as \"90s\", \"10m\", "
     "\"2h\", or seconds (0 or false: none), got -1\n"},
    {"TimeZero", "change_source.git { url = 'u', poll_interval = 0 }",
     "headrace.lua:2: poll_interval of change_source.git: expected a time above zero, got 0\n"},
    {"TimeWithoutUnit", "change_source.git { url = 'u', poll_interval = '5' }",
     "headrace.lua:2: poll_interval of change_source.git: expected a time such as \"90s\", \"10m\", \"2h\", "
     "or seconds (0 or false: none), got \"5\"\n"},
    {"Regex", "hook.github { skips = { 'fine', '(' } }",
     "headrace.lua:2: skips[2] of hook.github: bad regular expression '(': missing closing parenthesis at "
     "offset 1\n"},
    {"RegexOfFilter",
     "scheduler.branch 'x' { builders = 'b', change_filter = {\n branch = 'main',\n branch_re = '[' } }",
     "headrace.lua:4: change_filter.branch_re of scheduler.branch \"x\": bad regular expression '[': missing "
     "terminating ] for character class at offset 1\n"},
    {"Glob", "change_source.git { url = 'u', branches = { 'main', 'a[' } }",
     "headrace.lua:2: branches[2] of change_source.git: bad glob 'a[': '[' without its ']'\n"},
    {"OneOf", "hook.github { pullrequest_ref = 'base' }",
     "headrace.lua:2: pullrequest_ref of hook.github: expected one of \"merge\", \"head\", got \"base\"\n"},
    {"SiteUrl", "site { url = 'ci.acme.org' }",
     "headrace.lua:2: url of site: expected an address such as \"https://ci.example.org/\", got "
     "\"ci.acme.org\"\n"},
    {"Address", "reporter.mail { from = 'a@b', to = { 'ann' } }",
     "headrace.lua:2: to[1] of reporter.mail: expected a mail address such as \"dev@example.org\", got "
     "\"ann\"\n"},
    {"Relay", "reporter.mail { from = 'a@b', relay = 'mail' }",
     "headrace.lua:2: relay of reporter.mail: expected a mail server such as \"smtp://mail.example.org:25\", "
     "got \"mail\"\n"},
    {"Mode", "reporter.mail { from = 'a@b', mode = { 'failed' } }",
     "headrace.lua:2: mode[1] of reporter.mail: expected one of \"change\", \"failing\", \"passing\", "
     "\"problem\", \"warnings\", \"exception\", \"cancelled\", got \"failed\"\n"},
    {"Headers", "reporter.http { server_url = 'http://x', headers = { a = 'x\\ny' } }",
     "headrace.lua:2: headers.a of reporter.http: expected a string of one line, got \"x\ny\"\n"},
    {"Auth", "reporter.http { server_url = 'http://x', auth = 'ann' }",
     "headrace.lua:2: auth of reporter.http: expected { \"user\", \"password\" }, got \"ann\"\n"},
    {"BuildersAndTags", "reporter.mail { from = 'a@b', builders = 'b', tags = 'x' }",
     "headrace.lua:2: reporter.mail has both 'builders' and 'tags'\n"},
    {"Subject", "reporter.mail { from = 'a@b', subject = '%(prob:x)s' }",
     "headrace.lua:2: subject of reporter.mail: unknown selector 'prob', did you mean 'prop'? (prop, src, "
     "worker)\n"},
    {"StrictWithoutSecret", "hook.github { strict = true }",
     "headrace.lua:2: strict of hook.github needs a secret to check requests with\n"},
    {"MissingBuilder", "scheduler.branch 'x' {\n builders = { 'b',\n 'bb' } }",
     "headrace.lua:4: builders[2] of scheduler.branch \"x\": there is no builder 'bb', did you mean 'b'?\n"},
    {"MissingWorker", "builder 'c' { workers = 'locl', steps = step.compile {} }\nworker 'local' {}",
     "headrace.lua:2: workers of builder \"c\": there is no worker 'locl', did you mean 'local'?\n"},
    {"MissingByGlob", "builder 'c' { workers = { 'mac-*' }, steps = step.compile {} }",
     "headrace.lua:2: workers[1] of builder \"c\": no worker matches 'mac-*'\n"},
    {"MissingScheduler", "reporter.mail { from = 'a@b', schedulers = 'x' }",
     "headrace.lua:2: schedulers of reporter.mail: there is no scheduler 'x'\n"},
    {"NoBuilders", "scheduler.force 'x' { builders = {} }",
     "headrace.lua:2: builders of scheduler.force \"x\": expected at least one builder, got {}\n"},
    {"WorkerForBuilder", "local w = worker 'y' {}\nscheduler.force 'x' { builders = w }",
     "headrace.lua:3: builders of scheduler.force \"x\": expected the name of a builder, a glob or a list of "
     "these, got worker \"y\"\n"},
    {"LongName",
     "builder('"
     "1234567890123456789012345678901234567890123456789012345678901234567890x"
     "') { workers = 'w', steps = step.compile {} }",
     "headrace.lua:2: the name of builder "
     "\"1234567890123456789012345678901234567890123456789012345678901234567890x\" has 71 characters, at most "
     "70 are possible\n"},
    {"NameWithSlash", "builder 'a/b' { workers = 'w', steps = step.compile {} }",
     "headrace.lua:2: the name of builder \"a/b\" has a '/' or '\\': it is the name of a directory\n"},
    {"NameOfParent", "builder '..' { workers = 'w', steps = step.compile {} }",
     "headrace.lua:2: the name of builder \"..\" begins with '.': it is the name of a directory\n"},
    {"NameWithTilde", "builder '~root' { workers = 'w', steps = step.compile {} }",
     "headrace.lua:2: the name of builder \"~root\" begins with '~': it is the name of a directory\n"},
    {"NameEmpty", "builder '' { workers = 'w', steps = step.compile {} }",
     "headrace.lua:2: the name of builder is empty\n"},
    {"NameOfADirectory",
     "builder 'k' { workers = 'w', max_builds_per_worker = 2, steps = step.compile {} }\nbuilder 'k~2' { "
     "workers = 'w', steps = step.compile {} }",
     "headrace.lua:3: the name of builder \"k~2\" is that of a work directory of builder \"k\"\n"},
};

const Case kStepCases[] = {
    {"NoSteps", "builder 'c' { workers = 'w', steps = {} }",
     "headrace.lua:2: steps of builder \"c\": expected steps, such as { step.shell { command = \"make\" } }, "
     "got {}\n"},
    {"NotAStep", "builder 'c' { workers = 'w', steps = { 'make' } }",
     "headrace.lua:2: steps[1] of builder \"c\": expected a step, got \"make\"\n"},
    {"FieldOfAStep",
     "builder 'c' { workers = 'w', steps = {\n step.compile { },\n step.shell 'x' {\n  command = 'a',\n  "
     "timout = 3,\n } } }",
     "headrace.lua:6: unknown field 'timout' in step.shell \"x\", did you mean 'timeout'?\n"},
    {"UnusedStep", "step.shell { comand = 'x' }",
     "headrace.lua:2: unknown field 'comand' in step.shell, did you mean 'command'?\n"},
    {"LaterStep",
     "builder 'c' { workers = 'w', steps = { step.trigger { schedulers = 'x' }, step.compile {} } }",
     "headrace.lua:2: 'step.trigger' is not yet supported\n"},
    {"Command", "step.shell { command = {} }",
     "headrace.lua:2: command of step.shell: expected a command: a string for the shell or a list of words, "
     "got {}\n"},
    {"CommandWord", "step.shell { command = { 'a',\n {} , true } }",
     "headrace.lua:3: command[3] of step.shell: expected a string, property, interpolate or a function, got "
     "true\n"},
    {"Env", "step.compile { env = { A = 'x', B = true } }",
     "headrace.lua:2: env.B of step.compile: expected a string, a list of strings, property, interpolate, a "
     "function, or false to remove it, got true\n"},
    {"DecodeRcRetry", "step.compile { decode_rc = { [75] = 'retry' } }",
     "headrace.lua:2: decode_rc.75 of step.compile: expected results by exit code, such as { [0] = "
     "\"success\", [2] = \"warnings\" }, got \"retry\"\n"},
    {"Priority", "scheduler.branch 's' { builders = 'b', priority = 1000001 }",
     "headrace.lua:2: priority of scheduler.branch \"s\": expected a whole number from -1000000 to 1000000, "
     "got 1000001\n"},
    {"DecodeRc", "step.compile { decode_rc = { [0] = 'good' } }",
     "headrace.lua:2: decode_rc.0 of step.compile: expected results by exit code, such as { [0] = "
     "\"success\", [2] = \"warnings\" }, got \"good\"\n"},
    {"Method", "step.git { url = 'u', method = 'clean' }",
     "headrace.lua:2: method of step.git is used with mode = \"full\" only\n"},
    {"Interpolate", "step.compile { command = { 'make', interpolate '%(prp:x)s' } }",
     "headrace.lua:2: interpolate \"%(prp:x)s\": unknown selector 'prp', did you mean 'prop'? (prop, src, "
     "worker)\n"},
    {"InterpolateNested", "step.compile { command = interpolate '%(prop:a:-%(src::brnch)s)s' }",
     "headrace.lua:2: interpolate \"%(prop:a:-%(src::brnch)s)s\": unknown attribute 'brnch' of src, did you "
     "mean 'branch'? (branch, revision, repository, project, codebase)\n"},
    {"InterpolateSecret", "step.compile { env = { A = interpolate '%(secret:x)s' } }",
     "headrace.lua:2: interpolate \"%(secret:x)s\": %(secret:…)s is not yet supported\n"},
    {"InterpolateOpen", "step.compile { command = interpolate '%(prop:a' }",
     "headrace.lua:2: interpolate \"%(prop:a\": incomplete format key in '%(prop:a'\n"},
    {"PropertyInAText", "step.compile { command = 'make ' .. property 'target' }",
     "headrace.lua:2: property and interpolate have no text before the build runs: write interpolate "
     "\"…%(prop:name)s…\"\n"},
    {"PropertyWhereItCannotBe", "worker 'x' { properties = { a = property 'b' } }",
     "headrace.lua:2: properties.a of worker \"x\": expected a plain value, got property \"b\"\n"},
    {"FunctionWhereItCannotBe", "worker 'x' { slots = function() end }",
     "headrace.lua:2: slots of worker \"x\": expected a whole number from 1 to 1000000, got a function\n"},
    {"LibraryFunction", "step.compile { do_step_if = tostring }",
     "headrace.lua:2: do_step_if of step.compile: expected true, false, property, interpolate or "
     "function(build), got a function of the library\n"},
    {"ReservedKey", "step.set_property { property = 'p', value = { ['$property'] = 1 } }",
     "headrace.lua:2: value of step.set_property: the key '$property' begins with '$', which is reserved\n"},
    {"TableInItself", "local t = {}\nt.t = t\nstep.set_property { property = 'p', value = t }",
     "headrace.lua:4: value.t of step.set_property: expected a plain value, got a table that holds itself\n"},
    {"FilterField", "scheduler.branch 'x' { builders = 'b',\n change_filter = { brnch = 'x' } }",
     "headrace.lua:3: unknown field 'brnch' in change_filter of scheduler.branch \"x\", did you mean "
     "'branch'?\n"},
    {"FilterCamel", "scheduler.branch 'x' { builders = 'b', change_filter = { filterFn = 'x' } }",
     "headrace.lua:2: 'filterFn' is written filter_fn here (change_filter of scheduler.branch \"x\")\n"},
    {"FilterFunction", "scheduler.branch 'x' { builders = 'b', change_filter = { filter_fn = 'x' } }",
     "headrace.lua:2: change_filter.filter_fn of scheduler.branch \"x\": expected function(change), got "
     "\"x\"\n"},
    {"Codebases", "scheduler.branch 'x' { builders = 'b', codebases = { lib = { brnch = 'x' } } }",
     "headrace.lua:2: unknown field 'brnch' in codebases.lib of scheduler.branch \"x\", did you mean "
     "'branch'?\n"},
    {"ImportantTwice",
     "scheduler.branch 'x' { builders = 'b', important_files = 'x', important = function(change) end }",
     "headrace.lua:2: scheduler.branch \"x\" has both 'important' and 'important_files'\n"},
};

INSTANTIATE_TEST_SUITE_P(Grammar, Mistake, testing::ValuesIn(kGrammarCases),
                         [](const auto& i) { return i.param.name; });
INSTANTIATE_TEST_SUITE_P(Fields, Mistake, testing::ValuesIn(kFieldCases),
                         [](const auto& i) { return i.param.name; });
INSTANTIATE_TEST_SUITE_P(Steps, Mistake, testing::ValuesIn(kStepCases),
                         [](const auto& i) { return i.param.name; });

TEST(Mistakes, AreReportedAllInOneRunInOrderOfPlace) {
  EXPECT_EQ(
      problems_of(R"lua(include "a.lua"
include "broken.lua"
scheduller.branch "x" { builders = { "hello" } }
bilder "hello" { workers = { "local" } }
worker "local" { slot = 2 }
builder "real" {
  workers = { "local" },
  treeStableTimer = 1,
  steps = {
    step.git { url = 3 },
    step.compil {},
    step.shell { command = "true", timeout = "1 hour" },
  },
}
scheduler.branch "main" { builders = { "hello", "real" } }
reporter.mail { from = "ci@example.org", mode = { "chnge" } }
)lua",
                  {{"a.lua", "worker 'a' {\n  slots = 'x' }\nlocal x = nil + 1\n"},
                   {"broken.lua", "worker 'b' {\n  slots = 1\n"}}),
      "headrace.lua:3: unknown word 'scheduller', did you mean 'scheduler'?\n"
      "headrace.lua:4: unknown word 'bilder', did you mean 'builder'?\n"
      "headrace.lua:5: unknown field 'slot' in worker \"local\", did you mean 'slots'?\n"
      "headrace.lua:8: unknown field 'treeStableTimer' in builder \"real\"\n"
      "headrace.lua:10: url of step.git: expected a string, property, interpolate or a function, got 3\n"
      "headrace.lua:11: unknown word 'step.compil', did you mean 'step.compile'?\n"
      "headrace.lua:12: timeout of step.shell: expected a time such as \"90s\", \"10m\", \"2h\", or seconds "
      "(0 or "
      "false: none), got \"1 hour\"\n"
      "headrace.lua:16: mode[1] of reporter.mail: expected one of \"change\", \"failing\", \"passing\", "
      "\"problem\", \"warnings\", \"exception\", \"cancelled\", got \"chnge\"\n"
      "a.lua:2: slots of worker \"a\": expected a whole number from 1 to 1000000, got \"x\"\n"
      "a.lua:3: attempt to perform arithmetic on a nil value\n"
      "broken.lua:3: '}' expected (to close '{' at line 1) near <eof>\n");
}

TEST(Mistakes, StandAtTheLineOfTheFieldThroughFunctionsCommentsAndStrings) {
  EXPECT_EQ(problems_of(R"lua(worker "w" {}
builder("b") --[[ { slots = 3 } ]] {
  workers = "w", -- steps = {
  description = [[
  tags = 3, }
]],
  steps = { step.shell { command = "x", do_step_if = function(build)
    for i = 1, 2 do if i == 1 then return true, { tags = 1 } end end
    return false
  end } },
  tags = 3,
  ["env"] = 4,
}
)lua"),
            "headrace.lua:11: tags of builder \"b\": expected a string, got 3\n"
            "headrace.lua:12: env of builder \"b\": expected variables, such as { CC = \"gcc\", LANG = false "
            "}, got 4\n");
}

TEST(Mistakes, OfAWordWithoutItsKindNameAllKinds) {
  EXPECT_EQ(problems_of("scheduler 'x' {}"),
            "headrace.lua:1: 'scheduler' needs a kind: " + Vocabulary::get().variants("scheduler") + "\n");
}

TEST(Mistakes, OfAHelperStandAtTheLineThatDeclares) {
  EXPECT_EQ(problems_of(
                "local function make(name, fields)\n  worker(name)(fields)\nend\nmake('a', { slts = 1 })\n"),
            "headrace.lua:2: unknown field 'slts' in worker \"a\", did you mean 'slots'?\n");
}

TEST(Mistakes, InALoopAreSaidOnce) {
  EXPECT_EQ(problems_of("for i = 1, 1000 do wrker('w' .. i) {} end"),
            "headrace.lua:1: unknown word 'wrker', did you mean 'worker'?\n");
}

}  // namespace
}  // namespace headrace::config
