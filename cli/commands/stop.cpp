// SPDX-License-Identifier: Apache-2.0
// headrace stop: ends a build, or takes a request out of the queue.
#include <iostream>
#include <memory>
#include <stdexcept>

#include "cli/command.hpp"
#include "cli/system_access.hpp"
#include "control/verbs.hpp"

namespace headrace::cli {
namespace {

struct Options {
  std::string build, reason;
  std::int64_t request = 0;
  SystemAccess control;
};

int stop(Options& o) {
  if (o.build.empty() == (o.request == 0))
    throw UsageError("stop: name either a build (17, kernel#3) or --request ID");
  auto& store = o.control.store();
  if (!o.build.empty()) {
    const auto build = value_of(control::find_build(store, o.build));
    if (build.results)
      throw std::runtime_error("build " + o.build +
                               " has ended: " + std::string(results_name(*build.results)));
    o.request = build.request.value;
  }
  if (o.reason.empty()) o.reason = "stopped by " + user_name();
  const auto state = value_of(control::stop(store, RequestId{o.request}, o.reason));
  std::cout << "request " << o.request
            << (state == store::RequestState::running ? ": its build is being stopped" : ": cancelled")
            << "\n";
  return kGood;
}

void add(arguments::Command& program) {
  auto command = program.subcommand("stop", "stop a build, or cancel a request");
  auto o = std::make_shared<Options>();
  command.positional("BUILD", o->build, "a build id like 17, or builder#number");
  command.option("--request", o->request, "id of a build request").positive();
  command.option("--reason", o->reason, "said in the build's log");
  o->control.add_options(command);
  command.action([o] { return stop(*o); });
}

}  // namespace

extern const Command stop_command;
const Command stop_command{"stop", add};

}  // namespace headrace::cli
