// SPDX-License-Identifier: Apache-2.0
// Turns a renderable (wire/plan.hpp) into a plain value: {"$property"}, {"$interpolate"}, {"$question"}.
//
// Used by the worker at a step's start, the dispatcher for what is known before, and the notifier.
// Functions of the configuration are not called from here: whoever renders first asks `questions`,
// gets the answers, and passes them in.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.hpp"
#include "model/property.hpp"
#include "result/result.hpp"
#include "wire/records.hpp"

namespace headrace::render {

/// What a renderable may refer to. All members outlive the call; null means empty.
struct Context {
  const Properties* properties = nullptr;
  const std::vector<wire::SourceStamp>* sourcestamps = nullptr;
  const std::map<std::string, std::string>* worker = nullptr;  ///< %(worker:…)s: name, host, admin, version …
  const std::map<std::int64_t, json::Value>* answers = nullptr;  ///< by the N of {"$question": N}
};

/// The plain value. {"$interpolate": TEXT} may have "$kw": {name: renderable} for %(kw:name)s and
/// "$args": [renderable …] for positional %s.
/// Errors: a bad interpolation (in Buildbot's words), a question without an answer ("needs question N").
[[nodiscard]] Result<json::Value> render(const json::Value& renderable, const Context& context);

/// The text of an Interpolate. The same as rendering {"$interpolate": text, "$kw": kw}.
[[nodiscard]] Result<std::string> interpolate(std::string_view text, const Context& context,
                                              const json::Object& kw = {});

/// Every N of {"$question": N} anywhere inside, ascending, each once.
std::vector<std::int64_t> questions(const json::Value& renderable);

/// What can be said against a renderable before there is a build: the configuration reports it.
/// @return nothing wrong, or Buildbot's words for the first mistake
[[nodiscard]] Result<void> check(const json::Value& renderable);

}  // namespace headrace::render
