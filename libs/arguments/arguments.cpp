// SPDX-License-Identifier: Apache-2.0
#include "arguments/arguments.hpp"

#include <CLI/CLI.hpp>
#include <utility>

namespace headrace::arguments {

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

Option Option::range(std::int64_t least, std::int64_t most) const {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option Option::positive() const {
  option_->check(CLI::PositiveNumber);
  return *this;
}

Option Option::not_negative() const {
  option_->check(CLI::NonNegativeNumber);
  return *this;
}

Option Option::bytes() const {
  option_->transform(CLI::AsSizeValue(false));
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
  return Option(*app_->add_option(names, value, help));
}

Option Command::option(const std::string& names, std::optional<std::int64_t>& value,
                       const std::string& help) {
  return Option(*app_->add_option(names, value, help));
}

Option Command::option(const std::string& names, std::uint64_t& value, const std::string& help) {
  return Option(*app_->add_option(names, value, help));
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
  } catch (const CLI::ParseError& e) {
    return parts_->app.exit(e) == 0 ? 0 : 2;
  }
  return std::nullopt;
}

int Program::run() const { return parts_->chosen(); }

}  // namespace headrace::arguments
