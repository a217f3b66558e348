// SPDX-License-Identifier: Apache-2.0
// Which directories the step `remove_directory` may remove.
#pragma once

#include <string>

#include "json/value.hpp"
#include "result/result.hpp"

namespace headrace::worker {

/// The directory of the option `dir`, relative to the builder's: "build/out".
/// Errors, naming the value: no text, empty, absolute, the builder's directory itself or one outside of it.
Result<std::string> directory_to_remove(const json::Value& dir);

}  // namespace headrace::worker
