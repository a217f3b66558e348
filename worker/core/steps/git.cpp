// SPDX-License-Identifier: Apache-2.0
// "git": checks a revision out and leaves its name in the property got_revision. Options: git/options.hpp.
#include "worker/core/steps/git/checkout.hpp"
#include "worker/core/steps/git/options.hpp"
#include "worker/core/steps/step_kind.hpp"

namespace headrace::worker {
namespace {

class Git final : public StepWork {
 public:
  Git(const StepContext& context, GitOptions options)
      : context_(context), checkout_(std::move(options), context.build_directory, context.workdir) {}

  StepNext start() override { return checkout_.start(); }

  StepNext next(const CommandEnd& end) override {
    if (auto command = checkout_.next(end.rc, end.output)) return std::move(*command);
    StepDone done;
    done.remark = checkout_.reason();
    if (checkout_.succeeded()) {
      done.properties["got_revision"] = {got_revision(), "Git"};
    } else {
      done.results = Results::failure;
    }
    return done;
  }

 private:
  // With codebases the property is a table of them.
  json::Value got_revision() const {
    const std::string& codebase = checkout_.options().codebase;
    if (codebase.empty()) return checkout_.got_revision();
    const auto it = context_.properties.find("got_revision");
    json::Object all;
    if (it != context_.properties.end() && it->second.value.is_object()) all = it->second.value.as_object();
    all[codebase] = checkout_.got_revision();
    return all;
  }

  const StepContext& context_;
  GitCheckout checkout_;
};

Result<std::unique_ptr<StepWork>> begin(const StepContext& context) {
  auto options = git_options(context.rendered.options, context.sourcestamps);
  if (!options) return tl::unexpected(options.error());
  return std::make_unique<Git>(context, std::move(*options));
}

}  // namespace

extern const StepKind git_step_kind;
const StepKind git_step_kind{
    .name = "git", .own_commands = true, .running = "updating", .finished = "update", .begin = begin};

}  // namespace headrace::worker
