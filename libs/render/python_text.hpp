// SPDX-License-Identifier: Apache-2.0
// Values as Python writes them: Interpolate's `%(prop:x)s` is defined by Python's str().
#pragma once

#include <string>

#include "json/value.hpp"

namespace headrace::render {

/// Python's str(): text as it is, True, None, 1.0, ['a', 1], {'k': 'v'}.
std::string python_str(const json::Value& value);
/// Python's repr(): as str(), with text in quotes and escaped.
std::string python_repr(const json::Value& value);

}  // namespace headrace::render
