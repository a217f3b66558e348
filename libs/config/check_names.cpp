// SPDX-License-Identifier: Apache-2.0
// The types that name something that is declared: workers, builders, schedulers, steps.
#include <algorithm>

#include "config/checker.hpp"
#include "config/configuration.hpp"
#include "config/glob.hpp"
#include "spelling/spelling.hpp"

namespace headrace::config {

std::optional<std::string> Checker::name_of(const std::string& kind, const Node& node, const Spot& spot) {
  if (node.is(Node::Kind::string)) return node.text;
  if (node.is(Node::Kind::declaration)) {
    const Declaration& named = declarations_.all[static_cast<std::size_t>(node.integer)];
    if (named.word.substr(0, named.word.find('.')) == kind) return named.name;
  }
  expected("the name of a " + kind + ", a glob or a list of these", node, spot);
  return std::nullopt;
}

Checker::Value Checker::select(const std::string& kind, bool resolve, const Node& node, const Spot& spot) {
  json::Array patterns, selected;
  const auto& known = names_[kind];
  bool complete = true;  // false: something is missing for a reason that is reported
  const auto add = [&](const std::string& name) {
    if (std::find(selected.begin(), selected.end(), json::Value(name)) == selected.end())
      selected.push_back(name);
  };
  each_item(node, spot, [&](const Node& item, const Spot& at) {
    const auto pattern = name_of(kind, item, at);
    if (!pattern) {
      complete = false;
      return;
    }
    patterns.push_back(*pattern);
    if (std::find(known.begin(), known.end(), *pattern) != known.end()) return add(*pattern);
    if (declarations_.aborted || declarations_.lost_names.contains(*pattern)) {
      complete = false;
      return;
    }
    bool any = false;
    for (const auto& name : known)
      if (is_glob(*pattern) && name_glob(*pattern, name)) any = true, add(name);
    if (any) return;
    complete = false;
    const std::string where = at.field() + " of " + at.declaration->label() + ": ";
    if (!is_glob(*pattern)) {
      wrong(at,
            where + "there is no " + kind + " '" + *pattern + "'" + spelling::did_you_mean(*pattern, known));
    } else if (const auto problem = glob_problem(*pattern)) {
      wrong(at, where + *problem);
    } else if (declarations_.lost_names.empty()) {
      wrong(at, where + "no " + kind + " matches '" + *pattern + "'");
    }
  });
  if (!resolve) return patterns;
  if (selected.empty() && complete) return expected("at least one " + kind, node, spot);
  return selected;
}

Checker::Value Checker::workers(const Node& node, const Spot& spot) {
  return select("worker", true, node, spot);
}

Checker::Value Checker::builders(const Node& node, const Spot& spot) {
  return select("builder", true, node, spot);
}

Checker::Value Checker::builder_selector(const Node& node, const Spot& spot) {
  return select("builder", false, node, spot);
}

Checker::Value Checker::schedulers(const Node& node, const Spot& spot) {
  return select("scheduler", true, node, spot);
}

Checker::Value Checker::steps(const Node& node, const Spot& spot) {
  const std::string what = "steps, such as { step.shell { command = \"make\" } }";
  if (node.is(Node::Kind::function)) {
    wrong(spot, "steps of " + spot.declaration->label() + " as a function is not yet supported");
    return std::nullopt;
  }
  json::Array indexes;
  bool right = true;
  each_item(node, spot, [&](const Node& item, const Spot& at) {
    if (item.is(Node::Kind::declaration) &&
        declarations_.all[static_cast<std::size_t>(item.integer)].word.starts_with("step.")) {
      indexes.push_back(item.integer);
    } else {
      right = false;
      expected("a step", item, at);
    }
  });
  if (node.is_list() && node.items.empty()) return expected(what, node, spot);
  if (!right) return std::nullopt;
  return indexes;
}

}  // namespace headrace::config
