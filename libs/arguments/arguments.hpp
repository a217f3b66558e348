// SPDX-License-Identifier: Apache-2.0
// The words of a command line and the environment variables beside them. CLI11 does the work, behind this
// interface: its header costs each file that includes it 5 to 8 s of compiling.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace headrace::arguments {

/// What one option or positional accepts, said when it is added:
/// `command.option("--web", web, "address of the page").env("HEADRACE_WEB").show_default();`
/// Lives as long as its Program.
class Option {
 public:
  /// Taken from this variable when the command line does not have it.
  Option env(const std::string& variable) const;
  /// The help shows the variable's present value, unless that is empty.
  Option show_default() const;
  Option required() const;
  Option one_of(const std::vector<std::string>& words) const;
  /// A whole number, both bounds included.
  Option range(std::int64_t least, std::int64_t most) const;
  Option positive() const;
  Option not_negative() const;
  /// A number of bytes that may have a unit, of any case: b, k, m, g, t, p, e, kb, kib …, all with factor
  /// 1024.
  Option bytes() const;

 private:
  friend class Command;
  explicit Option(CLI::Option& option) : option_(&option) {}
  CLI::Option* option_;
};

/// What to do when a command was chosen. @return exit status
using Action = std::function<int()>;

/// A program or one of its subcommands. Parsing writes to the variables that are given here, so they have to
/// outlive it. Adding a name twice, or one that is no name, throws: a mistake of the program.
/// A copy is the same command; it lives as long as its Program.
class Command {
 public:
  /// @param names  "--reason", or several with commas: "--branch,-b"; errors and help begin with the first
  /// A list has one value each time the option is given; any other option may be given once.
  Option option(const std::string& names, std::string& value, const std::string& help = "");
  Option option(const std::string& names, std::optional<std::string>& value, const std::string& help = "");
  Option option(const std::string& names, std::vector<std::string>& values, const std::string& help = "");
  Option option(const std::string& names, int& value, const std::string& help = "");
  Option option(const std::string& names, std::int64_t& value, const std::string& help = "");
  Option option(const std::string& names, std::optional<std::int64_t>& value, const std::string& help = "");
  Option option(const std::string& names, std::uint64_t& value, const std::string& help = "");
  Option option(const std::string& names, double& value, const std::string& help = "");
  /// True when it was given.
  void flag(const std::string& names, bool& value, const std::string& help = "");
  /// A word without dashes; they are taken in the order in which they were added.
  Option positional(const std::string& name, std::string& value, const std::string& help = "");
  /// All words that are left.
  Option positional(const std::string& name, std::vector<std::string>& values, const std::string& help = "");

  /// A command with subcommands needs exactly one of them to be named.
  Command subcommand(const std::string& name, const std::string& help);
  void action(Action action);
  /// Text below the help.
  void footer(const std::string& text);

 protected:
  Command(CLI::App& app, Action& chosen) : app_(&app), chosen_(&chosen) {}

 private:
  CLI::App* app_;
  Action* chosen_;  ///< of the Program
};

/// The whole command line; has --help and -h.
class Program : public Command {
 public:
  /// @param what     it does, the help's first line
  /// @param version  what --version prints; "": there is no such option
  Program(const std::string& name, const std::string& what, const std::string& version = "");
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Reads arguments and environment into the variables. Prints help and version on stdout and what is wrong
  /// on stderr.
  /// @return the exit status to end with (0 for help and version, 2 for wrong usage); nothing: go on
  [[nodiscard]] std::optional<int> parse(int argc, const char* const* argv);
  /// After parse() gave nothing: does what the chosen subcommand is there for, and throws what it throws.
  /// @return its exit status
  int run() const;

 private:
  struct Parts;
  explicit Program(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace headrace::arguments
