// SPDX-License-Identifier: Apache-2.0
// The syntax of interpolate "…%(prop:x:-d)s…", checked when the configuration is; libs/render applies it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace headrace::config {

/// What is wrong with `text` as Buildbot's Interpolate; nothing when it is right.
/// Selectors: prop:NAME, src:CODEBASE:ATTRIBUTE, worker:NAME; modifiers `:-` `:~` `:+` `:?` `:#?`, whose
/// texts may hold selectors again; `%%` is a percent sign.
std::optional<std::string> interpolation_problem(std::string_view text);

/// What is wrong with the name of a property.
std::optional<std::string> property_name_problem(std::string_view name);

}  // namespace headrace::config
