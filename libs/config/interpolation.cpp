// SPDX-License-Identifier: Apache-2.0
#include "config/interpolation.hpp"

#include <cctype>
#include <set>

#include "config/vocabulary.hpp"

namespace headrace::config {
namespace {

using Problem = std::optional<std::string>;

bool is_key(std::string_view key) {
  for (const char c : key)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '_' && c != '-') return false;
  return !key.empty();
}

// Splits at the first ':', which is taken away.
std::string_view take(std::string_view& rest, bool& more) {
  const auto colon = rest.find(':');
  const auto part = rest.substr(0, colon);
  more = colon != std::string_view::npos;
  rest = more ? rest.substr(colon + 1) : std::string_view{};
  return part;
}

// `a|b` behind `:?` or `:#?`, whatever the delimiter is; one inside of a nested %(…)s does not count.
Problem ternary_problem(std::string_view rest) {
  if (rest.empty()) return "expected :?|text if there|text if not";
  const char delimiter = rest.front();
  if (delimiter == '(') return "'(' cannot stand between the two texts of :?";
  int depth = 0, delimiters = 0;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '(') ++depth;
    if (rest[i] == ')') --depth;
    if (rest[i] == delimiter && depth == 0) ++delimiters;
  }
  if (delimiters != 1)
    return "expected two texts with one '" + std::string(1, delimiter) + "' between them behind :?" + delimiter;
  return interpolation_problem(rest.substr(1));
}

Problem modifier_problem(std::string_view modifier) {
  for (const std::string_view simple : {"-", "~", "+"})
    if (modifier.starts_with(simple)) return interpolation_problem(modifier.substr(1));
  if (modifier.starts_with("#?")) return ternary_problem(modifier.substr(2));
  if (modifier.starts_with("?")) return ternary_problem(modifier.substr(1));
  return "unknown modifier ':" + std::string(modifier) + "', expected one of :- :~ :+ :? :#?";
}

// Of what stands between "%(" and ")s".
Problem selector_problem(std::string_view inside) {
  bool more = false;
  std::string_view rest = inside;
  const auto selector = take(rest, more);
  if (selector == "secret") return "%(secret:…)s is not yet supported";
  if (selector == "kw") return "%(kw:…)s has nothing to take its value from here; use %(prop:…)s or a function";
  if (selector != "prop" && selector != "src" && selector != "worker")
    return "unknown selector '" + std::string(selector) + "'" +
           did_you_mean(selector, {"prop", "src", "worker", "secret"}) + " (there are prop, src and worker)";
  if (!more) return "expected %(" + std::string(selector) + ":name)s";
  auto key = take(rest, more);
  if (selector == "src") {
    if (!more) return "expected %(src:codebase:attribute)s, with an empty codebase %(src::branch)s";
    if (!key.empty() && !is_key(key)) return "'" + std::string(key) + "' is no name of a codebase";
    key = take(rest, more);
    static const std::set<std::string_view> attributes = {"branch", "revision", "repository", "project", "codebase"};
    if (!attributes.contains(key))
      return "'" + std::string(key) + "' is no attribute of a source stamp" +
             did_you_mean(key, {attributes.begin(), attributes.end()}) +
             " (branch, revision, repository, project, codebase)";
  } else if (!is_key(key)) {
    return "'" + std::string(key) + "' is no name, expected letters, digits, '.', '_' and '-'";
  }
  return more ? modifier_problem(rest) : std::nullopt;
}

}  // namespace

Problem interpolation_problem(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (text.substr(i + 1).starts_with('%')) {
      ++i;
      continue;
    }
    if (!text.substr(i + 1).starts_with('(')) return "a '%' alone; write %% for a percent sign";
    int depth = 1;
    std::size_t end = i + 2;
    for (; end < text.size(); ++end) {
      if (text[end] == '(') ++depth;
      if (text[end] == ')' && --depth == 0) break;
    }
    if (depth != 0) return "'%(' without its ')s'";
    if (auto problem = selector_problem(text.substr(i + 2, end - i - 2))) return problem;
    if (!text.substr(end + 1).starts_with('s')) return "expected 's' behind '" + std::string(text.substr(i, end + 1 - i)) + "'";
    i = end + 1;
  }
  return std::nullopt;
}

Problem property_name_problem(std::string_view name) {
  if (name.empty()) return "a property has a name";
  return std::nullopt;
}

}  // namespace headrace::config
