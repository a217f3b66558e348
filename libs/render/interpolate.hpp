// SPDX-License-Identifier: Apache-2.0
// Buildbot's Interpolate: `%(selector:key:modifier)s` in Python's format language.
// Source: buildbot/process/properties.py, class Interpolate; where it raises a configuration error,
// there is an Error here with the same words.
#pragma once

#include "render/render.hpp"

namespace headrace::render {

/// The keywords and positional arguments of one Interpolate, not rendered yet.
struct Arguments {
  const json::Object* kw = nullptr;
  const json::Array* positional = nullptr;
};

/// @param context  null: only check the text (nothing is looked up, every branch is parsed)
[[nodiscard]] Result<std::string> interpolate_text(std::string_view text, const Context* context,
                                                   const Arguments& arguments, int depth);

}  // namespace headrace::render
