// SPDX-License-Identifier: Apache-2.0
// Makes the plan of a build from a builder, a buildset and a worker.
#pragma once

#include <string>

#include "config/configuration.hpp"
#include "dispatcher/active_build.hpp"
#include "result/result.hpp"
#include "wire/plan.hpp"
#include "wire/records.hpp"

namespace headrace::dispatcher {

/// @param directory  the slot that the store has chosen: "<builder>", "<builder>~2" …
/// Properties are layered as Buildbot does: global, buildset, builder, worker, build; defaults fill gaps.
/// Errors: a property or function of the builder cannot be evaluated; the text names it.
[[nodiscard]] Result<wire::BuildPlan> make_plan(config::Configuration& configuration, ConfigVersion version,
                                                const config::Builder& builder, const config::Worker& worker,
                                                RequestId request, const wire::Buildset& buildset,
                                                const std::string& directory);

/// Makes the plan of an offered claim, and the record with which its build starts. A dispatcher that adopts
/// the offer calls this again, and gets the same plan and the same record.
/// @param build    has claim, worker, slot and configuration; its record is filled in
/// @param version  of that configuration Errors: those of make_plan; the configuration is gone, or has no
/// such builder or worker.
[[nodiscard]] Result<wire::BuildPlan> plan_claim(ActiveBuild& build, ConfigVersion version,
                                                 const std::string& builder, const wire::Buildset& set);

/// The table `build` that functions of the configuration get.
/// @param changes  the changes of the build that are known
json::Value build_argument(const wire::Build& build, const std::vector<wire::Change>& changes);

}  // namespace headrace::dispatcher
