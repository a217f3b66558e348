// SPDX-License-Identifier: Apache-2.0
// Puts checked declarations together to a Site, and checks what concerns more than one field.
#pragma once

#include "config/declarations.hpp"
#include "config/problems.hpp"

namespace headrace::config {

/// Whether the result may be used is a question to `problems`. Fills in the argument names of functions.
Site build_site(Declarations& declarations, Problems& problems);

}  // namespace headrace::config
