// SPDX-License-Identifier: Apache-2.0
#include "config/interpolation.hpp"

#include <algorithm>
#include <vector>

#include "config/vocabulary.hpp"
#include "render/render.hpp"
#include "spelling/spelling.hpp"

namespace headrace::config {
namespace {

// Checks one substitution: its selector, and the attribute of a "src". @param text  begins with "%("
std::optional<std::string> selector_problem(std::string_view text) {
  static const std::vector<std::string> selectors = {"prop", "src", "worker"};
  static const std::vector<std::string> attributes = {"branch", "revision", "repository", "project",
                                                      "codebase"};
  const auto end = text.find_first_of(":)");
  const std::string selector(text.substr(0, end));
  if (selector == "secret") return "%(secret:…)s is not yet supported";
  if (selector == "kw")
    return "%(kw:…)s has no arguments to take its value from; use %(prop:…)s or a function";
  if (std::find(selectors.begin(), selectors.end(), selector) == selectors.end())
    return "unknown selector '" + selector + "'" + spelling::did_you_mean(selector, selectors) +
           " (prop, src, worker)";
  if (selector != "src" || end == std::string_view::npos || text[end] != ':') return std::nullopt;
  const auto codebase_end = text.find_first_of(":)", end + 1);
  if (codebase_end == std::string_view::npos || text[codebase_end] != ':') return std::nullopt;
  const auto attribute_end = text.find_first_of(":)", codebase_end + 1);
  const std::string attribute(text.substr(codebase_end + 1, attribute_end - codebase_end - 1));
  if (std::find(attributes.begin(), attributes.end(), attribute) != attributes.end()) return std::nullopt;
  return "unknown attribute '" + attribute + "' of src" + spelling::did_you_mean(attribute, attributes) +
         " (branch, revision, repository, project, codebase)";
}

}  // namespace

std::optional<std::string> interpolation_problem(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 2)) {
    if (!text.substr(at).starts_with("%(")) continue;
    if (auto problem = selector_problem(text.substr(at + 2))) return problem;
  }
  const auto checked = render::check(json::Object{{"$interpolate", std::string(text)}});
  if (!checked) return checked.error().text;
  return std::nullopt;
}

std::optional<std::string> property_name_problem(std::string_view name) {
  if (name.empty()) return "a property has a name";
  return std::nullopt;
}

}  // namespace headrace::config
