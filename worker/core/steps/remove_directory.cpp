// SPDX-License-Identifier: Apache-2.0
// "remove_directory": removes a directory of the builder, with all that is in it. Option: dir.
#include "worker/core/steps/remove_directory.hpp"

#include <filesystem>

#include "worker/core/steps/step_kind.hpp"

namespace headrace::worker {

Result<std::string> directory_to_remove(const json::Value& dir) {
  const std::string what = "dir must be a directory inside the builder's, not " + json::write(dir);
  if (!dir.is_string()) return fail(what);
  // By the letter, not by the disk: "a/../.." leaves the builder's directory wherever `a` leads.
  auto path = std::filesystem::path(dir.as_string()).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "out/"
  if (path.empty() || path.is_absolute() || path == "." || *path.begin() == "..") return fail(what);
  return path.string();
}

namespace {

class RemoveDirectory final : public StepWork {
 public:
  RemoveDirectory(const StepContext& context, std::string dir)
      : command_{.argv = {"rm", "-rf", "--", std::move(dir)}, .directory = context.build_directory} {}

  StepNext start() override { return std::move(command_); }
  StepNext next(const CommandEnd& end) override {
    return StepDone{.results = end.rc == 0 ? Results::success : Results::failure};
  }

 private:
  StepCommand command_;
};

Result<std::unique_ptr<StepWork>> begin(const StepContext& context) {
  auto dir = directory_to_remove(context.rendered.options["dir"]);
  if (!dir) return tl::unexpected(dir.error());
  return std::make_unique<RemoveDirectory>(context, std::move(*dir));
}

}  // namespace

extern const StepKind remove_directory_step_kind;
const StepKind remove_directory_step_kind{.name = "remove_directory",
                                          .own_commands = true,
                                          .running = "Deleting",
                                          .finished = "Deleted",
                                          .begin = begin};

}  // namespace headrace::worker
