// SPDX-License-Identifier: Apache-2.0
// headrace force: what the button of a force scheduler does; with --wait, follows to the end.
#include <iostream>
#include <memory>

#include "cli/command.hpp"
#include "cli/follow_build.hpp"
#include "cli/properties.hpp"
#include "cli/system_access.hpp"
#include "control/verbs.hpp"

namespace headrace::cli {
namespace {

struct Options {
  std::string builder, scheduler, reason = "force build", owner;
  std::optional<std::string> branch, revision, project, repository, codebase;
  std::vector<std::string> properties;
  bool wait = false;
  SystemAccess control;
};

int force(Options& o) {
  control::Force wish;
  wish.builder = o.builder;
  wish.scheduler = o.scheduler;
  wish.reason = o.reason;
  wish.owner = o.owner.empty() ? user_name() : o.owner;
  wish.codebase = o.codebase;
  wish.stamp.branch = o.branch;
  wish.stamp.revision = o.revision;
  wish.stamp.project = o.project.value_or("");
  wish.stamp.repository = o.repository.value_or("");
  for (const auto& [name, property] : parse_properties(o.properties, ""))
    wish.properties[name] = property.value;
  const auto id = value_of(control::force(o.control.store(), wish)).value;
  std::cout << "request " << id << ": build of " << o.builder << std::endl;
  if (!o.wait) return kGood;
  const auto results = follow_request(o.control, RequestId{id}, std::cout);
  return results == Results::success || results == Results::warnings ? kGood : kFailed;
}

void add(arguments::Command& program) {
  auto command = program.subcommand("force", "force a build, as the button of a force scheduler does");
  auto o = std::make_shared<Options>();
  command.positional("BUILDER", o->builder).required();
  command.option("--scheduler", o->scheduler, "the force scheduler, when the builder has several");
  command.option("--branch", o->branch);
  command.option("--revision", o->revision);
  command.option("--repository", o->repository);
  command.option("--project", o->project);
  command.option("--codebase", o->codebase, "which codebase the four words above are for");
  command.option("--property", o->properties, "name=value; may be repeated");
  command.option("--reason", o->reason).show_default();
  command.option("--owner", o->owner, "who forces it (default: you)");
  command.flag("--wait", o->wait, "follow the build; status 0 for success or warnings, else 1");
  o->control.add_options(command);
  command.action([o] { return force(*o); });
}

}  // namespace

extern const Command force_command;
const Command force_command{"force", add};

}  // namespace headrace::cli
