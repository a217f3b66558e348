// SPDX-License-Identifier: Apache-2.0
// "set_property": gives a property of the build a value. Options: property, value.
#include "worker/core/steps/step_kind.hpp"

namespace headrace::worker {
namespace {

class SetProperty final : public StepWork {
 public:
  explicit SetProperty(const StepContext& context) : context_(context) {}

  StepNext start() override {
    const auto& options = context_.rendered.options;
    StepDone done;
    done.properties[options["property"].as_string()] = {options["value"], context_.name};
    return done;
  }
  StepNext next(const CommandEnd& /*end*/) override { return StepDone{}; }  // there is no command

 private:
  const StepContext& context_;
};

Result<std::unique_ptr<StepWork>> begin(const StepContext& context) {
  const auto& name = context.rendered.options["property"];
  if (!name.is_string() || name.as_string().empty())
    return fail("set_property needs a name, not " + json::write(name));
  return std::make_unique<SetProperty>(context);
}

}  // namespace

extern const StepKind set_property_step_kind;
const StepKind set_property_step_kind{
    .name = "set_property", .runs_commands = false, .running = "Setting", .finished = "Set", .begin = begin};

}  // namespace headrace::worker
