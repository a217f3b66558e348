// SPDX-License-Identifier: Apache-2.0
// headrace force: what the button of a force scheduler does; with --wait, follows to the end.
#include <algorithm>
#include <iostream>
#include <memory>
#include <stdexcept>

#include "buildset/buildset.hpp"
#include "cli/command.hpp"
#include "cli/control.hpp"
#include "cli/follow.hpp"
#include "cli/properties.hpp"
#include "store/random.hpp"
#include "store/transitions/buildset.hpp"

namespace headrace::cli {
namespace {

constexpr const char* kSource = "Force Build Form";  // Buildbot's name for what a person typed

struct Options {
  std::string builder, scheduler, reason = "force build", owner;
  std::optional<std::string> branch, revision, project, repository, codebase;
  std::vector<std::string> properties;
  bool wait = false;
  Control control;
};

const config::Scheduler& choose_scheduler(const config::Site& site, const Options& o) {
  if (!site.builder(o.builder)) throw UsageError("there is no builder '" + o.builder + "'");
  const auto offers = [&](const config::Scheduler& s) {
    return s.kind == "force" && std::count(s.builders.begin(), s.builders.end(), o.builder) > 0;
  };
  if (!o.scheduler.empty()) {
    const auto* named = site.scheduler(o.scheduler);
    if (!named || named->kind != "force")
      throw UsageError("there is no force scheduler '" + o.scheduler + "'");
    if (!offers(*named))
      throw UsageError("scheduler '" + o.scheduler + "' does not build '" + o.builder + "'");
    return *named;
  }
  const config::Scheduler* found = nullptr;
  for (const auto& s : site.schedulers) {
    if (!offers(s)) continue;
    if (found)
      throw UsageError("'" + o.builder + "' has several force schedulers; choose one with --scheduler " +
                       found->name + " or " + s.name);
    found = &s;
  }
  if (!found) throw UsageError("no force scheduler of the configuration has builder '" + o.builder + "'");
  return *found;
}

// The sourcestamp that was typed. A force scheduler has the one codebase "".
wire::SourceStamp typed_stamp(const config::Scheduler& scheduler, const Options& o) {
  if (o.codebase && !o.codebase->empty())
    throw UsageError("scheduler '" + scheduler.name + "' has no codebase '" + *o.codebase +
                     "'; choose one with --codebase");
  wire::SourceStamp stamp;
  stamp.branch = o.branch;
  stamp.revision = o.revision;
  stamp.project = o.project.value_or("");
  stamp.repository = o.repository.value_or("");
  return stamp;
}

int force(Options& o) {
  auto& store = o.control.store();
  auto current = current_config(store);
  const auto& scheduler = choose_scheduler(current.configuration->site(), o);
  if (o.owner.empty()) o.owner = user_name();

  buildset::Wanted wanted;
  wanted.reason = "A build was forced by '" + o.owner + "': " + o.reason;
  wanted.builders = {o.builder};
  wanted.codebases[""] = typed_stamp(scheduler, o);
  wanted.properties = parse_properties(o.properties, kSource);
  wanted.properties["reason"] = {o.reason, kSource};
  wanted.properties["owner"] = {o.owner, kSource};
  auto made = buildset::make_buildset(*current.configuration, scheduler, std::move(wanted));
  if (!made.complaints.empty()) throw std::runtime_error(made.complaints[0]);

  const auto added = store.commit(store::BuildsetAdd{"force-" + store::random_hex(8),
                                                     ConfigVersion{current.version}, std::move(made.set)});
  if (!added) throw std::runtime_error("the build was refused: " + added.error().text);
  const auto id = added->first_request.value;
  std::cout << "request " << id << ": build of " << o.builder << std::endl;
  if (!o.wait) return kGood;
  const auto results = follow_request(o.control, id, std::cout);
  return results == Results::success || results == Results::warnings ? kGood : kFailed;
}

}  // namespace

void add_force(arguments::Command& program) {
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

}  // namespace headrace::cli
