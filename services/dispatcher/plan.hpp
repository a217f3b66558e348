// SPDX-License-Identifier: Apache-2.0
// From a builder, a buildset and a worker to the plan of a build.
#pragma once

#include <string>

#include "config/configuration.hpp"
#include "dispatcher/active_build.hpp"
#include "result/result.hpp"
#include "wire/plan.hpp"
#include "wire/records.hpp"

namespace headrace::dispatcher {

/// @param directory  the slot that the store gave: "<builder>", "<builder>~2" …
/// Properties are layered as Buildbot does: global, buildset, builder, worker, build; defaults fill gaps.
/// Errors: a property or function of the builder that cannot be evaluated, named.
[[nodiscard]] Result<wire::BuildPlan> make_plan(config::Configuration& configuration, ConfigVersion version,
                                                const config::Builder& builder, const config::Worker& worker,
                                                RequestId request, const wire::Buildset& buildset,
                                                const std::string& directory);

/// The plan of an offered claim, and the record with which its build starts: made when the offer is made, and
/// again by a dispatcher that adopts the offer, so that both say the same.
/// @param build    with claim, worker, slot and configuration; its record is filled in
/// @param version  of that configuration
/// Errors: as make_plan's; the configuration is gone, or has no such builder or worker.
[[nodiscard]] Result<wire::BuildPlan> plan_claim(ActiveBuild& build, ConfigVersion version,
                                                 const std::string& builder, const wire::Buildset& set);

/// The table `build` that functions get.
/// @param changes  of the build, as far as they are known
json::Value build_argument(const wire::Build& build, const std::vector<wire::Change>& changes);

}  // namespace headrace::dispatcher
