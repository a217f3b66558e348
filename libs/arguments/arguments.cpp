// SPDX-License-Identifier: Apache-2.0
#include "arguments/arguments.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <utility>

#include "spelling/spelling.hpp"

namespace headrace::arguments {
namespace {

// CLI11 takes a number that does not fit for the largest there is; what stands behind the digits (a unit) is
// somebody else's to look at.
template <class Number>
CLI::Validator fits() {
  return {[](const std::string& text) -> std::string {
            using Limits = std::numeric_limits<Number>;
            const bool negative = text.find('-') != std::string::npos;
            errno = 0;
            if constexpr (Limits::is_signed) {
              std::strtoll(text.c_str(), nullptr, 0);
            } else {
              std::strtoull(text.c_str(), nullptr, 0);
            }
            if (errno != ERANGE) return "";
            return text + " is too " +
                   (negative ? "small, at least " + std::to_string(Limits::min())
                             : "large, at most " + std::to_string(Limits::max())) +
                   " is possible";
          },
          ""};
}

CLI::Validator number_that(bool (*good)(double), const std::string& what, const std::string& in_help) {
  return {[good, what](const std::string& text) {
            char* end = nullptr;
            const double number = std::strtod(text.c_str(), &end);
            return !text.empty() && *end == '\0' && good(number) ? "" : text + " is not " + what;
          },
          in_help};
}

// ", did you mean 'up'?", or all that there are where none is near.
std::string advice(const std::string& word, const std::vector<std::string>& known) {
  auto near = spelling::did_you_mean(word, known);
  if (!near.empty()) return near;
  std::string all;
  for (const auto& candidate : known) all += (all.empty() ? ", expected one of " : ", ") + candidate;
  return all;
}

// What stands where a subcommand has to be named: CLI11 only says that one is required.
// @return nothing when it is something else that is wrong
std::optional<std::string> unknown_subcommand(const CLI::App& program) {
  const CLI::App* command = &program;
  std::string path = program.get_name();
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().back();
    path += " " + command->get_name();
  }
  std::vector<std::string> known;
  for (const auto* subcommand : command->get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(subcommand->get_name());
  const auto words = command->remaining();
  if (known.empty() || words.empty()) return std::nullopt;
  if (words.front().starts_with('-')) return "unknown option '" + words.front() + "' of " + path;
  return "unknown subcommand '" + words.front() + "' of " + path + advice(words.front(), known);
}

}  // namespace

Option Option::env(const std::string& variable) const {
  option_->envname(variable);
  return *this;
}

Option Option::show_default() const {
  option_->capture_default_str();
  return *this;
}

Option Option::required() const {
  option_->required();
  return *this;
}

Option Option::one_of(const std::vector<std::string>& words) const {
  option_->check(CLI::IsMember(words));
  return *this;
}

// In front of the other checks, because its bounds say more than those of the type.
Option Option::range(std::int64_t least, std::int64_t most) const {
  option_->transform(CLI::Range(least, most));
  return *this;
}

Option Option::positive() const {
  option_->check(number_that([](double x) { return x > 0; }, "a positive number", "POSITIVE"));
  return *this;
}

Option Option::not_negative() const {
  option_->check(number_that([](double x) { return x >= 0; }, "a number of 0 or more", "NONNEGATIVE"));
  return *this;
}

Option Option::bytes() const {
  option_->transform(CLI::AsSizeValue(false));
  option_->transform(fits<std::uint64_t>());  // before it becomes the number that it is not
  return *this;
}

Option Command::option(const std::string& names, std::string& value, const std::string& help) {
  return Option(*app_->add_option(names, value, help));
}

Option Command::option(const std::string& names, std::optional<std::string>& value, const std::string& help) {
  return Option(*app_->add_option(names, value, help));
}

Option Command::option(const std::string& names, std::vector<std::string>& values, const std::string& help) {
  // Else it would swallow the positionals behind it.
  return Option(*app_->add_option(names, values, help)->allow_extra_args(false));
}

Option Command::option(const std::string& names, int& value, const std::string& help) {
  return Option(*app_->add_option(names, value, help));
}

Option Command::option(const std::string& names, std::int64_t& value, const std::string& help) {
  return Option(*app_->add_option(names, value, help)->check(fits<std::int64_t>()));
}

Option Command::option(const std::string& names, std::optional<std::int64_t>& value,
                       const std::string& help) {
  return Option(*app_->add_option(names, value, help)->check(fits<std::int64_t>()));
}

Option Command::option(const std::string& names, std::uint64_t& value, const std::string& help) {
  return Option(*app_->add_option(names, value, help)->check(fits<std::uint64_t>()));
}

Option Command::option(const std::string& names, double& value, const std::string& help) {
  return Option(*app_->add_option(names, value, help));
}

void Command::flag(const std::string& names, bool& value, const std::string& help) {
  app_->add_flag(names, value, help);
}

Option Command::positional(const std::string& name, std::string& value, const std::string& help) {
  return Option(*app_->add_option(name, value, help));
}

Option Command::positional(const std::string& name, std::vector<std::string>& values,
                           const std::string& help) {
  return Option(*app_->add_option(name, values, help));
}

Command Command::subcommand(const std::string& name, const std::string& help) {
  app_->require_subcommand(1);
  return {*app_->add_subcommand(name, help), *chosen_};
}

// Run later: what an action throws is not to be taken for a wrong usage.
void Command::action(Action action) {
  app_->callback([chosen = chosen_, action = std::move(action)] { *chosen = action; });
}

void Command::footer(const std::string& text) { app_->footer(text); }

struct Program::Parts {
  Parts(const std::string& name, const std::string& what) : app(what, name) {}
  CLI::App app;
  Action chosen;
};

Program::Program(const std::string& name, const std::string& what, const std::string& version)
    : Program(std::make_unique<Parts>(name, what)) {
  if (!version.empty()) parts_->app.set_version_flag("--version", version);
}

Program::Program(std::unique_ptr<Parts> parts)
    : Command(parts->app, parts->chosen), parts_(std::move(parts)) {}

Program::~Program() = default;

std::optional<int> Program::parse(int argc, const char* const* argv) {
  try {
    parts_->app.parse(argc, argv);
  } catch (const CLI::RequiredError& e) {
    if (const auto unknown = unknown_subcommand(parts_->app)) {
      std::cerr << *unknown << "\nRun with --help for more information.\n";
    } else {
      parts_->app.exit(e);
    }
    return 2;
  } catch (const CLI::ParseError& e) {
    return parts_->app.exit(e) == 0 ? 0 : 2;
  }
  return std::nullopt;
}

int Program::run() const { return parts_->chosen(); }

}  // namespace headrace::arguments
