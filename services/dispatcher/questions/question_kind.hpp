// SPDX-License-Identifier: Apache-2.0
// The questions that a running build may ask of the dispatcher. Each verb of wire::Question has a file of its
// own in this folder. The table of the verbs is in CMakeLists.txt.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "config/configuration.hpp"
#include "json/value.hpp"
#include "result/result.hpp"
#include "wire/records.hpp"

namespace headrace::dispatcher {

/// The things from which an answer is made. They live only as long as the call.
struct QuestionContext {
  const wire::Build& build;  ///< with all reports that are committed
  const std::vector<wire::Change>& changes;
  config::Configuration& configuration;  ///< the version that the build was planned with
  const json::Value& arguments;          ///< of the question, unchecked
};

struct QuestionKind {
  std::string_view name;  ///< the question's verb
  /// @return the answer's value; an error makes the asking step EXCEPTION with this text
  Result<json::Value> (*answer)(const QuestionContext& context);
};

/// Every verb, in the order of the table.
std::span<const QuestionKind* const> question_kinds();
/// @return nullptr when no verb has this name
const QuestionKind* find_question_kind(std::string_view name);

}  // namespace headrace::dispatcher
