// SPDX-License-Identifier: Apache-2.0
// scheduler.force: builds when a person says so. The command line makes the buildset
// (cli/commands/force.cpp), so this process has nothing to start.
#include "scheduler/kinds/kind.hpp"

namespace headrace::scheduler {

extern const Kind force_kind;
const Kind force_kind{.name = "force", .start = start<RunningScheduler>};

}  // namespace headrace::scheduler
