// SPDX-License-Identifier: Apache-2.0
// Puts checked declarations together to a Site, and does the checks that concern more than one field.
#pragma once

#include "config/declarations.hpp"
#include "config/problems.hpp"

namespace headrace::config {

/// The result may be used only when `problems` is empty. The names of the functions' arguments are filled in.
Site build_site(Declarations& declarations, Problems& problems);

}  // namespace headrace::config
