// SPDX-License-Identifier: Apache-2.0
// One step of the configuration as the plan that a worker runs, with Buildbot's defaults of each kind.
#pragma once

#include "config/declarations.hpp"

namespace headrace::config {

/// @param fields  as checked
wire::StepPlan step_plan(const Declaration& step, const json::Object& fields);

}  // namespace headrace::config
