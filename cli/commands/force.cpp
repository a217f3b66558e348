// SPDX-License-Identifier: Apache-2.0
// headrace force: what the button of a force scheduler does; with --wait, follows to the end.
#include <algorithm>
#include <iostream>
#include <memory>
#include <stdexcept>

#include "cli/command.hpp"
#include "cli/control.hpp"
#include "cli/follow.hpp"
#include "cli/properties.hpp"
#include "store/random.hpp"
#include "wire/codec.hpp"

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

// One stamp a codebase of the scheduler; what was typed goes to the codebase that was named.
std::vector<wire::SourceStamp> stamps(const config::Scheduler& scheduler, const Options& o) {
  std::map<std::string, wire::SourceStamp> codebases = {{"", {}}};
  const bool typed = o.branch || o.revision || o.project || o.repository;
  const auto codebase = o.codebase.value_or(codebases.size() == 1 ? codebases.begin()->first : "");
  if ((typed || o.codebase) && !codebases.count(codebase))
    throw UsageError("scheduler '" + scheduler.name + "' has no codebase '" + codebase +
                     "'; choose one with --codebase");
  std::vector<wire::SourceStamp> out;
  for (auto& [name, stamp] : codebases) {
    stamp.codebase = name;
    if (name == codebase) {
      if (o.branch) stamp.branch = *o.branch;
      if (o.revision) stamp.revision = *o.revision;
      if (o.project) stamp.project = *o.project;
      if (o.repository) stamp.repository = *o.repository;
    }
    out.push_back(stamp);
  }
  return out;
}

// What the scheduler says to its functions, too.
json::Value plain(config::Configuration& configuration, const std::string& scheduler,
                  const json::Value& renderable) {
  const auto& question = renderable["$question"];
  if (!question.is_int()) return renderable;
  auto value = configuration.call(question.as_int(),
                                  json::Object{{"scheduler", scheduler}, {"changes", json::Array{}}});
  if (!value) throw std::runtime_error(value.error().text);
  return std::move(*value);
}

int force(Options& o) {
  auto& store = o.control.store();
  auto current = current_config(store);
  const auto& scheduler = choose_scheduler(current.configuration->site(), o);
  if (o.owner.empty()) o.owner = user_name();

  wire::Buildset set;
  set.scheduler = scheduler.name;
  set.reason = "A build was forced by '" + o.owner + "': " + o.reason;
  set.sourcestamps = stamps(scheduler, o);
  set.properties = parse_properties(o.properties, kSource);
  set.properties["reason"] = {o.reason, kSource};
  set.properties["owner"] = {o.owner, kSource};
  for (const auto& [name, value] : scheduler.properties)
    set.properties[name] = {plain(*current.configuration, scheduler.name, value), "Scheduler"};
  set.properties["scheduler"] = {scheduler.name, "Scheduler"};
  wire::RequestRef request;
  request.builder = o.builder;
  request.priority = scheduler.priority;
  set.requests = {request};

  const auto reply = store.call({"buildset_add",
                                 {"force-" + store::random_hex(8), std::to_string(current.version),
                                  wire::encode(set), "1", o.builder, std::to_string(request.priority)}});
  if (!reply.ok) throw std::runtime_error("the build was refused: " + reply.refusal);
  const auto value = wire::decode_value(reply.value);
  if (!value || !value->is_array() || value->as_array().size() != 3)
    throw std::runtime_error("an unexpected answer of buildset_add");
  const auto id = value->as_array()[1].int_or(0);
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
