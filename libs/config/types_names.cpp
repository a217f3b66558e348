// SPDX-License-Identifier: Apache-2.0
// The types whose values name declarations: workers, builders, schedulers, steps.
#include <set>

#include "config/checker.hpp"
#include "config/glob.hpp"
#include "config/types.hpp"
#include "spelling/spelling.hpp"

namespace headrace::config {
namespace {

// Gives the name in a value, which is a text or a declaration of `kind`.
std::optional<std::string> name_of(const std::string& kind, const Given& given) {
  if (given.is(Node::Kind::string)) return given.node.text;
  if (given.is(Node::Kind::declaration)) {
    const Declaration& named = given.checker.declared(given.node.integer);
    if (named.word.substr(0, named.word.find('.')) == kind) return named.name;
  }
  given.expected("the name of a " + kind + ", a glob or a list of these");
  return std::nullopt;
}

// Names and globs, and the declared names of one kind that they select.
class Selection {
 public:
  Selection(const std::string& kind, Checker& checker) : kind_(kind), checker_(checker) {}

  void add(const Given& item) {
    const auto pattern = name_of(kind_, item);
    if (!pattern) {
      complete_ = false;
      return;
    }
    patterns_.push_back(*pattern);
    const auto& known = checker_.names(kind_);
    if (known.contains(*pattern)) return select(*pattern);
    if (checker_.may_be_lost(*pattern)) {
      complete_ = false;
      return;
    }
    bool any = false;
    if (is_glob(*pattern))
      for (const auto& name : known.in_order)
        if (name_glob(*pattern, name)) any = true, select(name);
    if (any) return;
    complete_ = false;
    complain(item, *pattern);
  }

  const json::Array& patterns() const { return patterns_; }
  const json::Array& selected() const { return selected_; }
  /// False when a name is missing for a reason that was reported.
  bool complete() const { return complete_; }

 private:
  void select(const std::string& name) {
    if (seen_.insert(name).second) selected_.push_back(name);
  }

  void complain(const Given& item, const std::string& pattern) {
    if (!is_glob(pattern)) {
      item.wrong(": there is no " + kind_ + " '" + pattern + "'" +
                 spelling::did_you_mean(pattern, checker_.names(kind_).in_order));
    } else if (const auto problem = glob_problem(pattern)) {
      item.wrong(": " + *problem);
    } else if (!checker_.any_lost()) {
      item.wrong(": no " + kind_ + " matches '" + pattern + "'");
    }
  }

  std::string kind_;
  Checker& checker_;
  json::Array patterns_, selected_;
  std::set<std::string> seen_;
  bool complete_ = true;
};

// Gives the declared names that a value selects, each once.
Checked names_of(const std::string& kind, const Given& given) {
  Selection selection(kind, given.checker);
  given.each_item([&](const Given& item) { selection.add(item); });
  if (selection.selected().empty() && selection.complete()) return given.expected("at least one " + kind);
  return selection.selected();
}

Checked check_steps(const Given& given) {
  if (given.is(Node::Kind::function)) return given.wrong(" as a function is not yet supported");
  json::Array indexes;
  bool right = true;
  given.each_item([&](const Given& item) {
    if (item.is(Node::Kind::declaration) &&
        item.checker.declared(item.node.integer).word.starts_with("step.")) {
      indexes.push_back(item.node.integer);
    } else {
      right = false;
      item.expected("a step");
    }
  });
  if (given.node.is_list() && given.node.items.empty())
    return given.expected("steps, such as { step.shell { command = \"make\" } }");
  if (!right) return std::nullopt;
  return indexes;
}

const Type kTypes[] = {
    {"workers",
     "names of workers, globs, workers themselves, or a list of these; each must select one that is declared",
     [](const Given& given) { return names_of("worker", given); }},
    {"builders", "the same for builders", [](const Given& given) { return names_of("builder", given); }},
    {"builder selector", "the same",
     [](const Given& given) -> Checked {
       Selection selection("builder", given.checker);
       given.each_item([&](const Given& item) { selection.add(item); });
       return selection.patterns();
     }},
    {"schedulers", "the same for schedulers",
     [](const Given& given) { return names_of("scheduler", given); }},
    {"steps", "a step or a list of steps, nested as you like", check_steps},
};

}  // namespace

std::span<const Type> name_types() { return kTypes; }

}  // namespace headrace::config
