// SPDX-License-Identifier: Apache-2.0
// "call": a function of the configuration, given the table `build` (and `step`, when the step has a result).
#include "dispatcher/plan.hpp"
#include "dispatcher/questions/question_kind.hpp"
#include "wire/codec.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::dispatcher {
namespace {

Result<json::Value> answer(const QuestionContext& context) {
  const auto call = wire::from_value<wire::CallArguments>(context.arguments);
  if (!call) return fail("the arguments of the question cannot be read: " + call.error().text);
  wire::Build now = context.build;
  now.properties = call->properties;
  now.results = call->build_results;
  json::Value argument = build_argument(now, context.changes);
  if (call->results)
    argument.as_object()["step"] =
        json::Object{{"results", results_name(*call->results)}, {"number", call->step}};
  return context.configuration.call(call->function, argument);
}

}  // namespace

extern const QuestionKind call_question_kind;
const QuestionKind call_question_kind{"call", answer};

}  // namespace headrace::dispatcher
