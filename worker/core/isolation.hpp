// SPDX-License-Identifier: Apache-2.0
// How the plan's isolation becomes what a command may reach, and what it finds in its environment.
#pragma once

#include <optional>
#include <string>

#include "wire/plan.hpp"
#include "worker/core/actions.hpp"
#include "worker/core/environment.hpp"

namespace headrace::worker {

/// Settles what the plan leaves to the machine. @return why the plan has to be refused; "": it need not
std::string settle_isolation(wire::Isolation& wanted, const Machine& machine);

/// @param wanted  settled
/// @param own     the command is Headrace's own
/// @return nothing when commands are not isolated
std::optional<Isolation> isolation_of(const wire::Isolation& wanted, const std::string& build_directory,
                                      const Environment& machine, bool own);

/// What commands inherit: without variables that seem to be somebody's secret or lead to programs that are
/// not isolated, and with a HOME below the build's directory, unless the machine's is reachable. Headrace's
/// own commands have all.
Environment isolated_environment(const Environment& machine, const Isolation& isolation);

}  // namespace headrace::worker
