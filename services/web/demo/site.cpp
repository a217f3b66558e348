// SPDX-License-Identifier: Apache-2.0
#include "web/demo/site.hpp"

#include <array>

namespace headrace::web::demo {
namespace {

struct Kind {
  const char* builder;
  double scale;  // of the seconds below
  std::vector<StepScript> steps;
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{
      {"kernel-x86_64",
       1,
       {{"git", 6, 14},
        {"configure", 21, 210},
        {"compile", 300, 5200},
        {"test", 130, 820},
        {"package", 18, 64}}},
      {"kernel-arm64",
       1.5,
       {{"git", 6, 14}, {"configure", 21, 210}, {"compile", 300, 5200}, {"test", 130, 820}}},
      {"tools", 1, {{"git", 4, 14}, {"compile", 55, 640}, {"unit tests", 25, 310}}},
      {"docs", 1, {{"git", 3, 14}, {"sphinx", 31, 190}, {"upload", 3, 9}}},
      {"lint", 1, {{"git", 2, 14}, {"clang-format", 2, 31}, {"shellcheck", 1, 12}}}};
  return all;
}

template <class List>
const auto& pick(const List& list, Random& random) {
  return list[random() % list.size()];
}

Results roll(Random& random) {
  const auto dice = random() % 100;
  if (dice < 76) return Results::success;
  if (dice < 84) return Results::warnings;
  if (dice < 94) return Results::failure;
  if (dice < 96) return Results::exception;
  if (dice < 98) return Results::cancelled;
  return dice < 99 ? Results::retry : Results::skipped;
}

}  // namespace

config::Site site() {
  config::Site s;
  s.title = "Millrace OS";
  s.url = "http://127.0.0.1:8010/";
  for (const char* name : {"ash-1", "ash-2", "birch-arm"}) {
    config::Worker w;
    w.name = name;
    w.slots = 3;
    s.workers.push_back(w);
  }
  for (const auto& k : kinds()) {
    config::Builder b;
    b.name = k.builder;
    b.workers = b.name == "kernel-arm64" ? std::vector<std::string>{"birch-arm"}
                                         : std::vector<std::string>{"ash-1", "ash-2"};
    b.tags = {b.name.substr(0, b.name.find('-'))};
    b.description = "Builds " + b.name + " from every push";
    s.builders.push_back(b);
  }
  config::Scheduler main, force;
  main.name = "main";
  main.kind = "branch";
  force.name = "force";
  force.kind = "force";
  force.options = json::Object{{"button_name", "Build"}};
  for (const auto& b : s.builders) main.builders.push_back(b.name), force.builders.push_back(b.name);
  s.schedulers = {main, force};
  return s;
}

Names names() {
  Names n;
  const auto s = site();
  for (const auto& b : s.builders)
    n.builders.emplace(b.name, static_cast<std::int64_t>(n.builders.size()) + 1);
  for (const auto& w : s.workers) n.workers.emplace(w.name, static_cast<std::int64_t>(n.workers.size()) + 1);
  for (const auto& x : s.schedulers)
    n.schedulers.emplace(x.name, static_cast<std::int64_t>(n.schedulers.size()) + 1);
  return n;
}

BuildScript script(const std::string& builder, Random& random) {
  BuildScript out;
  const Results fate = roll(random);
  out.results = fate;
  out.state_string = "build successful";
  for (const auto& k : kinds()) {
    if (builder != k.builder) continue;
    const std::size_t bad = 1 + random() % (k.steps.size() - 1);
    for (std::size_t i = 0; i < k.steps.size(); ++i) {
      StepScript step = k.steps[i];
      step.seconds *= k.scale * (0.6 + static_cast<double>(random() % 1000) / 1000.0);
      if (i == bad && fate != Results::success) {
        step.results = fate;
        out.state_string = std::string(fate == Results::warnings    ? "warnings "
                                       : fate == Results::failure   ? "failed "
                                       : fate == Results::exception ? "exception "
                                       : fate == Results::skipped   ? "skipped "
                                       : fate == Results::retry     ? "worker lost in "
                                                                    : "cancelled in ") +
                           step.name;
        if (fate == Results::warnings)
          out.state_string += " (" + std::to_string(1 + random() % 9) + " warnings)";
      }
      out.steps.push_back(step);
      if (i == bad && fate != Results::success && fate != Results::warnings) break;
    }
  }
  return out;
}

wire::Change change(Random& random, std::int64_t when_ms) {
  static const std::array<const char*, 6> people{
      "Ann Lindqvist <ann@millrace.example>",  "Bo Tanaka <bo@millrace.example>",
      "Chidi Okafor <chidi@millrace.example>", "Dörte Weiß <doerte@millrace.example>",
      "Ewa Nowak <ewa@millrace.example>",      "renovate[bot] <bot@millrace.example>"};
  static const std::array<const char*, 10> comments{
      "sched: do not wake an idle core for a deferred timer",
      "net: bound the retransmit queue",
      "docs: explain the boot order",
      "Makefile: build the tools in parallel",
      "fs: fix a use after free when a mount fails",
      "mm: count huge pages once",
      "Update libsluice to 2.14.1",
      "test: wait for the event instead of sleeping",
      "drivers/uart: support 3 Mbaud",
      "Revert \"mm: count huge pages once\"\n\nIt breaks the accounting of\nshared mappings."};
  static const std::array<const char*, 6> files{
      "kernel/sched/idle.c", "net/tcp_output.c", "docs/boot.rst", "Makefile", "fs/super.c", "mm/huge.c"};
  wire::Change c;
  c.author = c.committer = pick(people, random);
  c.comments = pick(comments, random);
  for (std::size_t i = 0; i <= random() % 4; ++i) c.files.emplace_back(pick(files, random));
  std::string revision;
  for (int i = 0; i < 40; ++i) revision += "0123456789abcdef"[random() % 16];
  c.revision = revision;
  c.branch = random() % 6 ? "main" : "release/7.2";
  c.repository = "https://git.millrace.example/os.git";
  c.project = "millrace";
  c.revlink = c.repository + "/commit/" + revision;
  c.when_ms = when_ms;
  return c;
}

std::string log_line(const std::string& builder, const StepScript& step, std::int64_t n) {
  static const std::array<const char*, 8> units{"sched/core",     "sched/idle",   "mm/huge",  "fs/super",
                                                "net/tcp_output", "drivers/uart", "lib/sort", "init/main"};
  if (n == 0) return "h/bin/sh -c 'make " + step.name + " -j8'\n";
  if (n == 1) return "h in dir /srv/worker/" + builder + "/build (timeout 1200 secs)\n";
  if (n == 2) return "h watching logfiles {}, environment: PATH=/usr/bin:/bin CC=gcc-12 LANG=C.UTF-8\n";
  if (n == step.lines - 1) {
    const bool bad = step.results == Results::failure;
    return "hprogram finished with exit code " + std::string(bad ? "2" : "0") + "\n";
  }
  if (n == step.lines - 2 && step.results == Results::failure)
    return "emake: *** [Makefile:214: " + std::string(units[2]) + ".o] Error 1\n";
  const std::string unit = units[static_cast<std::size_t>(n * 7 / 3) % units.size()];
  if (step.name == "git") return "oremote: Compressing objects: " + std::to_string(n * 7) + "%\n";
  if (n % 97 == 50)
    return "e" + unit + ".c:" + std::to_string(n) +
           ":17: warning: unused variable 'flags' [-Wunused-variable]\n";
  if (step.name == "test" || step.name == "unit tests")
    return "o\x1b[32m[       OK ]\x1b[0m " + unit + ".case_" + std::to_string(n) + " \x1b[2m(" +
           std::to_string(n % 40) + " ms)\x1b[0m\n";
  if (n % 41 == 7) return "o\x1b[1;34m==>\x1b[0m \x1b[1mLinking " + unit + ".ko\x1b[0m\n";
  return "o  CC      " + unit + "_" + std::to_string(n) + ".o\n";
}

}  // namespace headrace::web::demo
