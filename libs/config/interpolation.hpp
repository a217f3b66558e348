// SPDX-License-Identifier: Apache-2.0
// Checks interpolate "…%(prop:x:-d)s…" when the configuration is read. The syntax is that of libs/render,
// which does the substitution. This check also refuses names that can never have a value.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace headrace::config {

/// Describes the mistake in `text` as Buildbot's Interpolate; nothing when the text is right.
std::optional<std::string> interpolation_problem(std::string_view text);

/// Describes the mistake in the name of a property; nothing when the name is right.
std::optional<std::string> property_name_problem(std::string_view name);

}  // namespace headrace::config
