// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/plan.hpp"

#include "render/render.hpp"

namespace headrace::dispatcher {
namespace {

json::Value plain(const std::optional<std::string>& text) {
  return text ? json::Value(*text) : json::Value();
}

json::Object values_of(const Properties& properties) {
  json::Object out;
  for (const auto& [name, p] : properties) out[name] = p.value;
  return out;
}

json::Object sources_of(const std::vector<wire::SourceStamp>& stamps) {
  json::Object out;
  for (const auto& s : stamps)
    out[s.codebase] = json::Object{{"codebase", s.codebase},
                                   {"repository", s.repository},
                                   {"project", s.project},
                                   {"branch", plain(s.branch)},
                                   {"revision", plain(s.revision)}};
  return out;
}

class Layers {
 public:
  Layers(config::Configuration& configuration, wire::BuildPlan& plan, const config::Worker& worker)
      : configuration_(configuration), plan_(plan), worker_(worker) {}

  Result<void> builder_properties(const std::map<std::string, json::Value>& renderables, bool only_gaps) {
    for (const auto& [name, renderable] : renderables) {
      if (only_gaps && plan_.properties.contains(name)) continue;
      auto value = evaluate(renderable);
      if (!value)
        return fail("property " + name + " of builder " + plan_.builder + ": " + value.error().text);
      plan_.properties[name] = {std::move(*value), "Builder"};
    }
    return {};
  }

 private:
  Result<json::Value> evaluate(const json::Value& renderable) {
    std::map<std::int64_t, json::Value> answers;
    for (const auto id : render::questions(renderable)) {
      json::Object build{{"properties", values_of(plan_.properties)},
                         {"sources", sources_of(plan_.sourcestamps)},
                         {"builder", plan_.builder},
                         {"worker", worker_.name}};
      auto answer = configuration_.call(id, std::move(build));
      if (!answer) return answer;
      answers[id] = std::move(*answer);
    }
    const std::map<std::string, std::string> facts{{"name", worker_.name}};
    render::Context context;
    context.properties = &plan_.properties;
    context.sourcestamps = &plan_.sourcestamps;
    context.worker = &facts;
    context.answers = &answers;
    return render::render(renderable, context);
  }

  config::Configuration& configuration_;
  wire::BuildPlan& plan_;
  const config::Worker& worker_;
};

// Puts the step's environment over the builder's.
void merge_env(const json::Value& builder_env, wire::StepPlan& step) {
  if (!builder_env.is_object() || builder_env.as_object().empty() || !step.env.is_object()) return;
  json::Object merged = builder_env.as_object();
  for (const auto& [name, value] : step.env.as_object()) merged[name] = value;
  step.env = std::move(merged);
}

}  // namespace

Result<wire::BuildPlan> make_plan(config::Configuration& configuration, ConfigVersion version,
                                  const config::Builder& builder, const config::Worker& worker,
                                  RequestId request, const wire::Buildset& buildset,
                                  const std::string& directory) {
  wire::BuildPlan plan;
  plan.request = request;
  plan.builder = builder.name;
  plan.directory = directory;
  plan.config = version;
  plan.sourcestamps = buildset.sourcestamps;
  plan.changes = buildset.changes;
  plan.steps = builder.steps;
  for (auto& step : plan.steps) merge_env(builder.env, step);
  plan.isolation.preferred = worker.isolation.empty();
  plan.isolation.mode = worker.isolation.empty() ? "process" : worker.isolation;
  plan.isolation.readable = worker.readable;
  plan.isolation.writable = worker.writable;

  auto& p = plan.properties;
  p = configuration.site().properties;
  override_with(p, buildset.properties);
  p["buildername"] = {builder.name, "Builder"};
  p["builddir"] = {directory, "Builder"};
  Layers layers(configuration, plan, worker);
  if (auto done = layers.builder_properties(builder.properties, false); !done)
    return tl::unexpected(done.error());
  if (auto done = layers.builder_properties(builder.default_properties, true); !done)
    return tl::unexpected(done.error());
  p["workername"] = {worker.name, "Worker"};
  override_with(p, worker.properties);
  for (const auto& [name, property] : worker.default_properties) p.emplace(name, property);
  if (plan.sourcestamps.size() == 1) {
    const auto& s = plan.sourcestamps.front();
    p["branch"] = {plain(s.branch), "Build"};
    p["revision"] = {plain(s.revision), "Build"};
    p["repository"] = {s.repository, "Build"};
    p["codebase"] = {s.codebase, "Build"};
    p["project"] = {s.project, "Build"};
  }
  return plan;
}

Result<wire::BuildPlan> plan_claim(ActiveBuild& build, ConfigVersion version, const std::string& builder,
                                   const wire::Buildset& set) {
  auto& start = build.build;
  start.request = build.claim.request;
  start.buildset = set.id;
  start.builder = builder;
  start.worker = build.worker;
  start.config = version;
  start.sourcestamps = set.sourcestamps;
  start.changes = set.changes;
  start.state_string = "starting";
  start.properties = set.properties;
  if (!build.configuration)
    return fail("configuration " + std::to_string(version.value) + " is no longer available");
  const auto& site = build.configuration->site();
  const auto* declared = site.builder(builder);
  const auto* worker = site.worker(build.worker);
  if (!declared || !worker)
    return fail("configuration " + std::to_string(version.value) + " has no " +
                (declared ? "worker '" + build.worker : "builder '" + builder) + "'");
  auto plan =
      make_plan(*build.configuration, version, *declared, *worker, build.claim.request, set, build.slot);
  if (plan) start.properties = plan->properties;
  return plan;
}

json::Value build_argument(const wire::Build& build, const std::vector<wire::Change>& changes) {
  json::Array change_list, steps;
  for (const auto& c : changes) change_list.push_back(config::change_argument(c));
  for (const auto& s : build.steps)
    steps.push_back(
        json::Object{{"name", s.name},
                     {"number", s.number},
                     {"results", s.results ? json::Value(results_name(*s.results)) : json::Value()}});
  return json::Object{{"builder", build.builder},
                      {"worker", build.worker},
                      {"number", build.number},
                      {"results", build.results ? json::Value(results_name(*build.results)) : json::Value()},
                      {"properties", values_of(build.properties)},
                      {"sources", sources_of(build.sourcestamps)},
                      {"changes", std::move(change_list)},
                      {"steps", std::move(steps)}};
}

}  // namespace headrace::dispatcher
