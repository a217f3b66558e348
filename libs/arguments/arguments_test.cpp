// SPDX-License-Identifier: Apache-2.0
#include "arguments/arguments.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <limits>
#include <sstream>
#include <stdexcept>

namespace headrace::arguments {
namespace {

struct Answer {
  std::optional<int> status;
  std::string out, err;
};

// What the program answers to these words, and what it prints meanwhile.
Answer ask(Program& program, std::vector<const char*> words) {
  std::ostringstream out, err;
  auto* const was_out = std::cout.rdbuf(out.rdbuf());
  auto* const was_err = std::cerr.rdbuf(err.rdbuf());
  words.insert(words.begin(), "tool");
  Answer answer;
  answer.status = program.parse(static_cast<int>(words.size()), words.data());
  std::cout.rdbuf(was_out);
  std::cerr.rdbuf(was_err);
  answer.out = out.str();
  answer.err = err.str();
  return answer;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Wrong usage: status 2, nothing on stdout, and every one of `names` on stderr.
void expect_refused(const Answer& answer, const std::vector<std::string>& names) {
  EXPECT_EQ(answer.status, 2);
  EXPECT_EQ(answer.out, "");
  for (const auto& name : names)
    EXPECT_TRUE(contains(answer.err, name)) << name << " is not in: " << answer.err;
}

const std::string kHint = "Run with --help for more information.\n";

void expect_taken(const Answer& answer) {
  EXPECT_EQ(answer.status, std::nullopt) << answer.err;
  EXPECT_EQ(answer.out + answer.err, "");
}

struct Variable {
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  const char* name_;
};

TEST(Arguments, AWrongOptionIsNamed) {
  Program program("tool", "does it", "tool 1.2.3");
  expect_refused(ask(program, {"--nope"}), {"--nope"});
  expect_refused(ask(program, {"word"}), {"word"});
}

TEST(Arguments, EachTypeIsRead) {
  Program program("tool", "does it");
  std::string text = "before";
  std::optional<std::string> maybe, never;
  int number = -1;
  std::int64_t big = 0;
  std::optional<std::int64_t> after;
  std::uint64_t seed = 0;
  double speed = 0;
  bool follow = false, verbose = false;
  program.option("--text,-t", text);
  program.option("--maybe", maybe);
  program.option("--never", never);
  program.option("--number", number);
  program.option("--big", big);
  program.option("--after", after);
  program.option("--seed", seed);
  program.option("--speed", speed);
  program.flag("-f,--follow", follow);
  program.flag("--verbose", verbose);
  expect_taken(ask(program, {"-t", "a b", "--maybe", "", "--number", "-7", "--big", "9007199254740993",
                             "--after", "0", "--seed", "18446744073709551615", "--speed", "2.5", "-f"}));
  EXPECT_EQ(text, "a b");
  EXPECT_EQ(maybe, "") << "given, though empty";
  EXPECT_EQ(never, std::nullopt);
  EXPECT_EQ(number, -7);
  EXPECT_EQ(big, 9007199254740993);
  EXPECT_EQ(after, 0);
  EXPECT_EQ(seed, 18446744073709551615u);
  EXPECT_EQ(speed, 2.5);
  EXPECT_TRUE(follow);
  EXPECT_FALSE(verbose);
}

TEST(Arguments, WhatIsNotANumberIsNamed) {
  Program program("tool", "does it");
  int number = 0;
  program.option("--number", number);
  expect_refused(ask(program, {"--number", "7s"}), {"--number", "7s"});
}

TEST(Arguments, BoundsAreIncluded) {
  int number = 0;
  std::int64_t id = 0;
  Program program("tool", "does it");
  program.option("--ms", number).range(100, 200);
  program.option("--id", id).positive();
  program.option("--after", id).not_negative();
  for (const char* good : {"100", "200"}) expect_taken(ask(program, {"--ms", good}));
  EXPECT_EQ(number, 200);
  for (const char* bad : {"99", "201", "99999999999", "1e2", "x"})
    expect_refused(ask(program, {"--ms", bad}), {"--ms", bad, "100", "200"});
  expect_taken(ask(program, {"--id", "1", "--after", "0"}));
}

TEST(Arguments, TheSignOfANumberIsCheckedInAFewWords) {
  std::int64_t id = 5;
  double speed = 0;
  Program program("tool", "does it");
  program.option("--id", id).positive();
  program.option("--after", id).not_negative();
  program.option("--speed", speed).positive();
  for (const char* bad : {"0", "-1", "x", "1x", "", "nan"})
    EXPECT_EQ(ask(program, {"--id", bad}).err,
              "--id: " + std::string(bad) + " is not a positive number\n" + kHint);
  expect_refused(ask(program, {"--id", "0"}), {});
  EXPECT_EQ(ask(program, {"--after", "-1"}).err, "--after: -1 is not a number of 0 or more\n" + kHint);
  EXPECT_EQ(id, 5);
  expect_taken(ask(program, {"--after", "0"}));
  expect_taken(ask(program, {"--speed", "0.001"}));
  EXPECT_EQ(speed, 0.001);
}

TEST(Arguments, ANumberThatDoesNotFitIsRefused) {
  Program program("tool", "does it");
  std::int64_t big = 0;
  std::optional<std::int64_t> maybe;
  std::uint64_t seed = 0, size = 0;
  int number = 0;
  program.option("--big", big);
  program.option("--bounded", big).range(1, 9);
  program.option("--id", big).positive();
  program.option("--maybe", maybe);
  program.option("--seed", seed);
  program.option("--size", size).bytes();
  program.option("--number", number);
  const std::string huge = "99999999999999999999999";
  for (const char* option : {"--big", "--bounded", "--id", "--maybe", "--seed", "--size", "--number"})
    expect_refused(ask(program, {option, huge.c_str()}), {option, huge});
  EXPECT_EQ(ask(program, {"--big", huge.c_str()}).err,
            "--big: " + huge + " is too large, at most 9223372036854775807 is possible\n" + kHint);
  EXPECT_EQ(ask(program, {"--big", "-9223372036854775809"}).err,
            "--big: -9223372036854775809 is too small, at least -9223372036854775808 is possible\n" + kHint);
  expect_refused(ask(program, {"--bounded", huge.c_str()}), {"1 to 9"});
  expect_refused(ask(program, {"--size", "99999999999999999999999k"}),
                 {"--size", "99999999999999999999999k"});
  expect_refused(ask(program, {"--seed", "18446744073709551616"}), {"--seed", "18446744073709551615"});
  EXPECT_EQ(big, 0);
  expect_taken(ask(program, {"--big", "-9223372036854775808", "--maybe", "9223372036854775807"}));
  EXPECT_EQ(maybe, std::numeric_limits<std::int64_t>::max());
}

TEST(Arguments, OnlyTheAllowedWordsAreTaken) {
  Program program("tool", "does it");
  std::string level = "info";
  program.option("--level", level).one_of({"debug", "info"});
  expect_taken(ask(program, {"--level", "debug"}));
  EXPECT_EQ(level, "debug");
  expect_refused(ask(program, {"--level", "loud"}), {"--level", "loud", "debug", "info"});
  EXPECT_EQ(level, "debug");
}

TEST(Arguments, BytesMayHaveAUnit) {
  Program program("tool", "does it");
  std::uint64_t bytes = 0;
  program.option("--size", bytes).bytes();
  for (const auto& [word, expected] : std::vector<std::pair<const char*, std::uint64_t>>{
           {"4096", 4096}, {"64KiB", 65'536}, {"64kb", 65'536}, {"2m", 2 << 20}, {"1 GiB", 1 << 30}}) {
    expect_taken(ask(program, {"--size", word}));
    EXPECT_EQ(bytes, expected) << word;
  }
  expect_refused(ask(program, {"--size", "5XB"}), {"--size", "xb"});
}

TEST(Arguments, AMissingPositionalIsNamed) {
  Program program("tool", "does it");
  std::string config;
  program.positional("CONFIG", config, "the file").required();
  expect_refused(ask(program, {}), {"CONFIG"});
  expect_taken(ask(program, {"a.lua"}));
  EXPECT_EQ(config, "a.lua");
  expect_refused(ask(program, {"a.lua", "b.lua"}), {"b.lua"});
}

TEST(Arguments, AMissingOptionIsNamed) {
  Program program("tool", "does it");
  std::string data;
  program.option("--data", data).required();
  expect_refused(ask(program, {}), {"--data"});
  expect_refused(ask(program, {"--data"}), {"--data"});
}

TEST(Arguments, AListHasOneValueEachTime) {
  Program program("tool", "does it");
  std::string builder;
  std::vector<std::string> properties;
  program.positional("BUILDER", builder);
  program.option("--property,-p", properties);
  expect_taken(ask(program, {"--property", "a=1", "-p", "b=2,3", "kernel"}));
  EXPECT_EQ(properties, (std::vector<std::string>{"a=1", "b=2,3"}));
  EXPECT_EQ(builder, "kernel") << "not swallowed by the list";
  expect_refused(ask(program, {"kernel", "--property", "a=1", "b=2"}), {"b=2"});
}

TEST(Arguments, OtherOptionsAreGivenOnce) {
  Program program("tool", "does it");
  std::string data;
  program.option("--data", data);
  expect_refused(ask(program, {"--data", "a", "--data", "b"}), {"--data"});
}

TEST(Arguments, APositionalListTakesWhatIsLeft) {
  Program program("tool", "does it");
  std::vector<std::string> files, properties;
  program.positional("FILES", files);
  program.option("--property", properties);
  expect_taken(ask(program, {"a", "--property", "x=1", "b", "c"}));
  EXPECT_EQ(files, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(Arguments, TheEnvironmentIsReadWhereTheCommandLineIsSilent) {
  const auto data_after = [](std::vector<const char*> words) {
    Program program("tool", "does it");
    std::string data = "default";
    program.option("--data", data).env("HEADRACE_ARGUMENTS_TEST_DATA");
    expect_taken(ask(program, std::move(words)));
    return data;
  };
  EXPECT_EQ(data_after({}), "default");
  const Variable variable("HEADRACE_ARGUMENTS_TEST_DATA", "from there");
  EXPECT_EQ(data_after({}), "from there");
  EXPECT_EQ(data_after({"--data", "given"}), "given");
}

TEST(Arguments, TheEnvironmentIsCheckedLikeTheCommandLine) {
  Program program("tool", "does it");
  int number = 0;
  program.option("--ms", number).env("HEADRACE_ARGUMENTS_TEST_MS").range(100, 200);
  const Variable variable("HEADRACE_ARGUMENTS_TEST_MS", "soon");
  expect_refused(ask(program, {}), {"--ms", "soon"});
}

TEST(Arguments, HelpSaysEverythingAndEndsWithStatus0) {
  Program program("tool", "does it", "tool 1.2.3");
  std::string config, data = "./here", level = "info";
  int number = 5, hidden = 77;
  program.positional("CONFIG", config, "the file").required();
  program.option("--data", data, "the directory").env("TOOL_DATA").show_default();
  program.option("--level", level).one_of({"debug", "info"});
  program.option("--ms", number, "a time").range(100, 200).show_default();
  program.option("--hidden", hidden, "shows no default");
  program.footer("That is all.");
  for (const char* word : {"--help", "-h"}) {
    const auto answer = ask(program, {word});
    EXPECT_EQ(answer.status, 0);
    EXPECT_EQ(answer.err, "");
    for (const std::string part :
         {"does it", "Usage: tool [OPTIONS] CONFIG", "CONFIG TEXT REQUIRED", "the file",
          "--data TEXT=./here (Env:TOOL_DATA)", "the directory", "--level TEXT:{debug,info}",
          "--ms INT:INT in [100 - 200]=5", "--hidden INT", "--version", "That is all."})
      EXPECT_TRUE(contains(answer.out, part)) << part << " is not in:\n" << answer.out;
    EXPECT_FALSE(contains(answer.out, "77")) << answer.out;
  }
}

TEST(Arguments, TheVersionEndsWithStatus0) {
  Program program("tool", "does it", "tool 1.2.3");
  const auto answer = ask(program, {"--version"});
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(answer.out, "tool 1.2.3\n");
  EXPECT_EQ(answer.err, "");
  Program without("tool", "does it");
  expect_refused(ask(without, {"--version"}), {"--version"});
}

// tool worker add NAME | tool worker list | tool fail
struct Tool {
  Tool() {
    auto worker = program.subcommand("worker", "about workers");
    auto add = worker.subcommand("add", "one more");
    add.positional("NAME", name).required();
    add.action([this] { return did = "add " + name, 0; });
    auto list = worker.subcommand("list", "all of them");
    list.action([this] { return did = "list", 7; });
    program.subcommand("fail", "cannot work").action([]() -> int { throw std::runtime_error("failed"); });
  }
  Program program{"tool", "does it", "tool 1.2.3"};
  std::string name, did;
};

TEST(Arguments, TheChosenSubcommandIsRun) {
  Tool add;
  expect_taken(ask(add.program, {"worker", "add", "n"}));
  EXPECT_EQ(add.did, "") << "not before run()";
  EXPECT_EQ(add.program.run(), 0);
  EXPECT_EQ(add.did, "add n");
  Tool list;
  expect_taken(ask(list.program, {"worker", "list"}));
  EXPECT_EQ(list.program.run(), 7);
  EXPECT_EQ(list.did, "list");
}

TEST(Arguments, WhatASubcommandThrowsIsPassedOn) {
  Tool tool;
  expect_taken(ask(tool.program, {"fail"}));
  EXPECT_THROW(tool.program.run(), std::runtime_error);
}

TEST(Arguments, OneSubcommandIsNeeded) {
  for (const auto& words : std::vector<std::vector<const char*>>{{}, {"worker"}}) {
    Tool tool;
    EXPECT_EQ(ask(tool.program, words).err, "A subcommand is required\n" + kHint);
    EXPECT_EQ(ask(tool.program, words).status, 2);
  }
  Tool tool;
  expect_refused(ask(tool.program, {"worker", "add"}), {"NAME"});
  expect_refused(ask(tool.program, {"worker", "list", "--nope"}), {"--nope"});
  EXPECT_EQ(tool.did, "");
}

TEST(Arguments, AnUnknownSubcommandIsNamedWithTheNearest) {
  const auto said = [](std::vector<const char*> words) {
    Tool tool;
    const auto answer = ask(tool.program, std::move(words));
    expect_refused(answer, {kHint});
    return answer.err.substr(0, answer.err.find('\n'));
  };
  EXPECT_EQ(said({"wroker", "add"}), "unknown subcommand 'wroker' of tool, did you mean 'worker'?");
  EXPECT_EQ(said({"worker", "lst"}), "unknown subcommand 'lst' of tool worker, did you mean 'list'?");
  EXPECT_EQ(said({"worker", "ad", "n"}), "unknown subcommand 'ad' of tool worker, did you mean 'add'?");
  EXPECT_EQ(said({"worker", "ab"}), "unknown subcommand 'ab' of tool worker, expected one of add, list");
  EXPECT_EQ(said({"nope"}), "unknown subcommand 'nope' of tool, expected one of worker, fail");
  EXPECT_EQ(said({"worker", "nope"}), "unknown subcommand 'nope' of tool worker, expected one of add, list");
  EXPECT_EQ(said({"nope", "worker", "lst"}), "unknown subcommand 'lst' of tool worker, did you mean 'list'?");
  EXPECT_EQ(said({"--verbose"}), "unknown option '--verbose' of tool");
  EXPECT_EQ(said({"worker", "-x"}), "unknown option '-x' of tool worker");
  EXPECT_EQ(said({std::string(100'000, 'x').c_str()}).size(),
            100'000 + std::string("unknown subcommand '' of tool, expected one of worker, fail").size());
}

TEST(Arguments, EverySubcommandHasItsHelp) {
  Tool tool;
  const auto whole = ask(tool.program, {"--help"});
  EXPECT_EQ(whole.status, 0);
  EXPECT_TRUE(contains(whole.out, "about workers")) << whole.out;
  EXPECT_FALSE(contains(whole.out, "one more")) << whole.out;
  const auto part = ask(tool.program, {"worker", "add", "--help"});
  EXPECT_EQ(part.status, 0);
  EXPECT_TRUE(contains(part.out, "Usage: tool worker add [OPTIONS] NAME")) << part.out;
  EXPECT_EQ(part.err, "");
}

}  // namespace
}  // namespace headrace::arguments
