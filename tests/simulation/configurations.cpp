// SPDX-License-Identifier: Apache-2.0
#include "simulation/configurations.hpp"

#include <map>

namespace headrace::simulation {
namespace {

constexpr const char* kBody = R"lua(
worker.embedded "w1" { slots = 2 }
worker.embedded "w2" { slots = 1 }
worker.embedded "w3" { slots = 3 }

local function step_named(name, condition)
  return step.shell {
    name = name,
    command = { "step", interpolate "%(prop:buildername)s", interpolate "%(prop:buildnumber)s", name, word },
    do_step_if = condition,
    halt_on_failure = false,
  }
end
local function of_this_version(build)
  return build.properties.branch == "main" and build.properties.word == word
end

builder "alpha" { workers = { "w1", "w2", "w3" }, steps = { step_named("compile") } }
builder "beta" {
  workers = { "w1", "w3" },
  properties = { word = word },
  steps = { step_named("compile"), step_named("test", of_this_version) },
}
local gamma = { step_named("one"), step_named(word), step_named("three") }
if word ~= "first" then table.remove(gamma, 1) end
builder "gamma" { workers = { "w2", "w3" }, steps = gamma }

hook.base {}
reporter.http { server_url = "http://receiver/" }
scheduler.branch "each" { branch = "main", builders = { "alpha" } }
scheduler.branch "calm" { branch = "main", tree_stable_timer = tree_stable, builders = { "beta", "gamma" } }
)lua";

}  // namespace

config::Files configuration_files(const std::string& word, std::chrono::seconds tree_stable) {
  const auto head =
      "local word, tree_stable = \"" + word + "\", \"" + std::to_string(tree_stable.count()) + "s\"\n";
  return {"headrace.lua", {{"headrace.lua", head + kBody}}};
}

std::shared_ptr<config::Configuration> evaluate_once(const config::Files& files,
                                                     std::vector<config::Problem>& problems) {
  static std::map<std::string, std::shared_ptr<config::Configuration>> known;
  auto& c = known[config::pack(files)];
  if (!c) c = config::Configuration::evaluate(files, problems);
  return c;
}

}  // namespace headrace::simulation
