// SPDX-License-Identifier: Apache-2.0
// Checks interpolate "…%(prop:x:-d)s…" when the configuration is read. The syntax is libs/render's, who
// applies it; on top, names that could only ever give nothing are refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace headrace::config {

/// What is wrong with `text` as Buildbot's Interpolate; nothing when it is right.
std::optional<std::string> interpolation_problem(std::string_view text);

/// What is wrong with the name of a property.
std::optional<std::string> property_name_problem(std::string_view name);

}  // namespace headrace::config
