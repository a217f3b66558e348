// SPDX-License-Identifier: Apache-2.0
// headrace sendchange: one change, from the command line.
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include "cli/command.hpp"
#include "cli/properties.hpp"
#include "cli/system_access.hpp"
#include "clock/clock.hpp"
#include "control/verbs.hpp"

namespace headrace::cli {
namespace {

constexpr std::int64_t kLatestSecond = 253'402'300'799;  // the end of the year 9999

struct Options {
  wire::Change change;
  std::optional<std::string> codebase;
  std::string log_file, delivery;
  std::int64_t when_s = 0;
  std::vector<std::string> properties;
  SystemAccess control;
};

std::string read_text(const std::string& path) {
  if (path == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  std::ifstream in(path);
  if (!in) throw UsageError("--logfile: cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

int sendchange(Options& o) {
  auto& change = o.change;
  if (!o.log_file.empty()) change.comments = read_text(o.log_file);
  if (change.author.empty()) change.author = user_name();
  change.when_ms = o.when_s ? o.when_s * 1000 : to_ms(wall_now());
  change.properties = parse_properties(o.properties, "Change");
  change.source = "sendchange";
  if (o.codebase) change.codebase = *o.codebase;
  const auto id =
      value_of(control::send_change(o.control.store(), change, o.codebase.has_value(), o.delivery));
  std::cout << "change " << id.value << "\n";
  return kGood;
}

void add(arguments::Command& program) {
  auto command = program.subcommand("sendchange", "tell the system of a change, as a hook would");
  auto o = std::make_shared<Options>();
  auto& c = o->change;
  command.positional("FILES", c.files, "files that the change touches");
  command.option("--author,-W,--who", c.author, "default: you");
  command.option("--committer", c.committer);
  command.option("--repository,-R", c.repository);
  command.option("--project,-P", c.project);
  command.option("--codebase", o->codebase, "default: what the site's `codebase` function says");
  command.option("--branch,-b", c.branch);
  command.option("--revision,-r", c.revision);
  command.option("--category,-C", c.category);
  command.option("--comments,-c,--message,-m", c.comments);
  command.option("--logfile,-F", o->log_file, "read the comments from this file; - is standard input");
  command.option("--revlink,-l", c.revlink);
  command.option("--when,-w", o->when_s, "seconds since 1970 (default: now)").range(1, kLatestSecond);
  command.option("--property,-p", o->properties, "name=value; may be repeated");
  command.option("--delivery", o->delivery, "a key: the same one again is the same change");
  o->control.add_options(command);
  command.action([o] { return sendchange(*o); });
}

}  // namespace

extern const Command sendchange_command;
const Command sendchange_command{"sendchange", add};

}  // namespace headrace::cli
