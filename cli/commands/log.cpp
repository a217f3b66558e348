// SPDX-License-Identifier: Apache-2.0
// headrace log: what the steps of a build wrote, byte for byte, live with -f.
#include <cctype>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <thread>

#include "cli/command.hpp"
#include "cli/log_text.hpp"
#include "cli/system_access.hpp"
#include "clock/clock.hpp"
#include "control/site.hpp"
#include "logchunk/chunk.hpp"
#include "store/state/build.hpp"

namespace headrace::cli {
namespace {

constexpr milliseconds kLook{100};  // how often a running log is looked at

struct Options {
  std::string what, channels = "oeht";
  bool follow = false;
  SystemAccess control;
};

struct Wanted {
  std::string build;
  std::optional<std::string> step, log;
};

// BUILD[/STEP[/LOG]]: builder names hold no slash (the configuration's check), steps and logs may.
Wanted parse(const std::string& text) {
  Wanted out;
  const auto slash = text.find('/');
  out.build = text.substr(0, slash);
  if (slash == std::string::npos) return out;
  const auto rest = text.substr(slash + 1);
  const auto last = rest.rfind('/');
  out.step = rest.substr(0, last);
  if (last != std::string::npos) out.log = rest.substr(last + 1);
  return out;
}

bool is(const std::string& word, const std::string& name, int number) {
  return word == name || word == std::to_string(number);
}

class Printer {
 public:
  Printer(Options& o, Wanted wanted)
      : o_(o),
        wanted_(std::move(wanted)),
        store_(o.control.store()),
        text_(store_, o.control.data() + "/logs") {}

  void run() {
    const auto id = value_of(control::find_build(store_, wanted_.build)).id;
    while (true) {
      const auto build = store_.read(store::build(id));
      if (!build) throw std::runtime_error("build " + wanted_.build + " is gone");
      const bool through = print_news(*build);
      std::cout.flush();
      if (!std::cout) return;
      if (!o_.follow || (build->results && through)) break;
      std::this_thread::sleep_for(kLook);
    }
    if (!found_)
      throw std::runtime_error("build " + wanted_.build + " has no " +
                               (wanted_.log ? "log '" + *wanted_.log + "' of a " : "") + "step '" +
                               wanted_.step.value_or("") + "' with a log");
  }

 private:
  // Prints in order of steps and logs; stops at the first log that may still grow.
  // @return true when everything that is there was printed
  bool print_news(const wire::Build& build) {
    for (const auto& step : build.steps) {
      if (wanted_.step && !is(*wanted_.step, step.name, step.number)) continue;
      if (!wanted_.step) found_ = true;
      for (const auto& log : step.logs) {
        if (wanted_.log && *wanted_.log != log.slug && !is(*wanted_.log, log.name, log.index)) continue;
        found_ = true;
        const auto place = std::pair(step.number, log.index);
        if (place < at_) continue;
        if (place > at_) {
          at_ = place;
          chunk_ = 0;
          if (!wanted_.log) std::cerr << "--- " << step.name << " / " << log.name << std::endl;
        }
        while (auto text = text_.chunk({build.id, step.number, log.index, build.started_ms}, log, chunk_)) {
          std::cout << logchunk::unframe(*text, o_.channels);
          ++chunk_;
        }
        if (build.results && log.size_bytes > 0 && chunk_ == 0)
          throw std::runtime_error("log " + step.name + "/" + log.name + " of build " +
                                   std::to_string(build.id.value) + " is neither in Redis nor below " +
                                   o_.control.data() + "/logs; name the data directory with --data");
        if (!build.results && !log.complete && o_.follow) return false;
      }
      if (!build.results && !step.results && o_.follow) return false;
    }
    return true;
  }

  Options& o_;
  Wanted wanted_;
  store::BlockingClient& store_;
  LogText text_;
  std::pair<int, int> at_{-1, -1};  // step and log being printed
  std::size_t chunk_ = 0;           // of it, the next
  bool found_ = false;
};

int log(Options& o) {
  for (const char c : o.channels)
    if (std::string("oeht").find(c) == std::string::npos)
      throw UsageError(std::string("--channels: '") + c +
                       "' is none of o (stdout), e (stderr), h (headers), t (text)");
  Printer(o, parse(o.what)).run();
  return kGood;
}

void add(arguments::Command& program) {
  auto command = program.subcommand("log", "print the logs of a build");
  auto o = std::make_shared<Options>();
  command
      .positional("BUILD[/STEP[/LOG]]", o->what,
                  "BUILD: an id like 17, or builder#number; STEP, LOG: names or numbers")
      .required();
  command.flag("-f,--follow", o->follow, "go on until the build ends");
  command.option("--channels", o->channels, "o stdout, e stderr, h what Headrace says, t text")
      .show_default();
  o->control.add_options(command);
  command.action([o] { return log(*o); });
}

}  // namespace

extern const Command log_command;
const Command log_command{"log", add};

}  // namespace headrace::cli
