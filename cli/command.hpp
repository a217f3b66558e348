// SPDX-License-Identifier: Apache-2.0
// The commands of `headrace`, and what all of them share.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
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

/// A command, or a family of them: a file in commands/, and a line of the table in commands/CMakeLists.txt.
struct Command {
  std::string_view name;
  /// Adds it to the command line. Its action throws UsageError, or any other error for status 1.
  void (*add)(arguments::Command& program);
};
/// Generated from the table.
std::span<const Command* const> commands();
const Command* find_command(std::string_view name);

/// The name under which the person at the terminal acts: $USER, else the password file's, else "uid <n>".
std::string user_name();

}  // namespace headrace::cli
