// SPDX-License-Identifier: Apache-2.0
// The commands of `headrace`: each file in commands/ adds one to the command line.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

namespace CLI {
class App;
}

namespace headrace::cli {

/// Exit statuses of every command.
inline constexpr int kGood = 0, kFailed = 1, kWrongUsage = 2;

/// What was asked for cannot be right: wrong usage, a bad configuration, a taken port. Ends with status 2.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What the command line chose. @return exit status; throws UsageError, or any other error for status 1
using Run = std::function<int()>;

void add_up(CLI::App& app, Run& chosen);
void add_check(CLI::App& app, Run& chosen);
void add_apply(CLI::App& app, Run& chosen);
void add_force(CLI::App& app, Run& chosen);
void add_stop(CLI::App& app, Run& chosen);
void add_sendchange(CLI::App& app, Run& chosen);
void add_status(CLI::App& app, Run& chosen);
void add_log(CLI::App& app, Run& chosen);
void add_events(CLI::App& app, Run& chosen);
void add_worker(CLI::App& app, Run& chosen);
void add_subscriber(CLI::App& app, Run& chosen);
void add_key(CLI::App& app, Run& chosen);

/// The name under which the person at the terminal acts: $USER, else the password file's, else "uid <n>".
std::string user_name();

}  // namespace headrace::cli
