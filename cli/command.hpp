// SPDX-License-Identifier: Apache-2.0
// The commands of `headrace`: each file in commands/ adds one to the command line.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "arguments/arguments.hpp"
#include "control/outcome.hpp"

namespace headrace::cli {

/// Exit statuses of every command.
inline constexpr int kGood = 0, kFailed = 1, kWrongUsage = 2;

/// What was asked for cannot be right: wrong usage, a bad configuration, a taken port. Ends with status 2.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The value of a verb; throws for the exit status that its problem has.
template <class T>
T value_of(control::Outcome<T> outcome) {
  if (outcome) return std::move(*outcome);
  if (outcome.error().kind == control::Problem::Kind::wrong) throw UsageError(outcome.error().text);
  throw std::runtime_error(outcome.error().text);
}

/// Each adds its command; its action throws UsageError, or any other error for status 1.
void add_up(arguments::Command& program);
void add_check(arguments::Command& program);
void add_apply(arguments::Command& program);
void add_force(arguments::Command& program);
void add_stop(arguments::Command& program);
void add_sendchange(arguments::Command& program);
void add_status(arguments::Command& program);
void add_log(arguments::Command& program);
void add_events(arguments::Command& program);
void add_worker(arguments::Command& program);
void add_subscriber(arguments::Command& program);
void add_key(arguments::Command& program);

/// The name under which the person at the terminal acts: $USER, else the password file's, else "uid <n>".
std::string user_name();

}  // namespace headrace::cli
