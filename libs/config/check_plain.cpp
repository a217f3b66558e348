// SPDX-License-Identifier: Apache-2.0
// The types whose values are known at once: texts, numbers, times, patterns.
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>

#include "config/checker.hpp"
#include "config/glob.hpp"
#include "config/pattern.hpp"
#include "model/results.hpp"

namespace headrace::config {
namespace {

constexpr double kLongestMs = 1e13;  // three hundred years: no sum of times overflows

std::optional<std::int64_t> milliseconds_of(double seconds) {
  const double ms = std::round(seconds * 1000);
  if (!std::isfinite(ms) || ms < 0 || ms > kLongestMs) return std::nullopt;
  return static_cast<std::int64_t>(ms);
}

bool has_host(std::string_view url, std::string_view scheme) {
  if (!url.starts_with(scheme)) return false;
  const auto host = url.substr(scheme.size(), url.find('/', scheme.size()) - scheme.size());
  return !host.empty() && url.find_first_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

std::optional<std::int64_t> parse_duration(std::string_view text) {
  static const std::map<std::string_view, double> units = {{"ms", 0.001}, {"s", 1},      {"m", 60},
                                                           {"h", 3600},   {"d", 86'400}, {"w", 604'800}};
  const auto digits = text.find_first_not_of("0123456789.");
  if (digits == std::string_view::npos || digits == 0) return std::nullopt;
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + digits, number, std::chars_format::fixed);
  const auto unit = units.find(text.substr(digits));
  if (error != std::errc() || end != text.data() + digits || unit == units.end()) return std::nullopt;
  return milliseconds_of(number * unit->second);
}

Checker::Value Checker::string(const Node& node, const Spot& spot) {
  if (!node.is(Node::Kind::string)) return expected("a string", node, spot);
  return node.text;
}

Checker::Value Checker::string_or_false(const Node& node, const Spot& spot) {
  if (node.is(Node::Kind::boolean) && !node.boolean) return json::Value();
  if (!node.is(Node::Kind::string))
    return expected("a string, or false for changes without a branch", node, spot);
  return node.text;
}

Checker::Value Checker::boolean(const Node& node, const Spot& spot) {
  if (!node.is(Node::Kind::boolean)) return expected("true or false", node, spot);
  return node.boolean;
}

Checker::Value Checker::integer(const Node& node, const Spot& spot) {
  if (node.is(Node::Kind::function) && spot.field() == "priority") {
    wrong(spot, "priority of " + spot.declaration->label() + " as a function is not yet supported");
    return std::nullopt;
  }
  if (!node.is(Node::Kind::integer)) return expected("a whole number", node, spot);
  // The store takes no others, and would say so only when something is to be scheduled.
  if (spot.field() == "priority" && std::abs(node.integer) > 1'000'000)
    return expected("a whole number from -1000000 to 1000000", node, spot);
  return node.integer;
}

Checker::Value Checker::count(const Node& node, const Spot& spot) {
  if (!node.is(Node::Kind::integer) || node.integer < 1 || node.integer > 1'000'000)
    return expected("a whole number from 1 to 1000000", node, spot);
  return node.integer;
}

Checker::Value Checker::limit(const Node& node, const Spot& spot) {
  if (node.is(Node::Kind::boolean) && !node.boolean) return 0;
  if (!node.is(Node::Kind::integer) || node.integer < 0)
    return expected("a whole number from 0 on (0 or false: no limit)", node, spot);
  return node.integer;
}

Checker::Value Checker::depth(const Node& node, const Spot& spot) {
  if (node.is(Node::Kind::boolean)) return node.boolean;
  if (!node.is(Node::Kind::integer) || node.integer < 1)
    return expected("true, false or a number of commits from 1 on", node, spot);
  return node.integer;
}

Checker::Value Checker::duration(const Node& node, const Spot& spot) {
  std::optional<std::int64_t> ms;
  if (node.is(Node::Kind::boolean) && !node.boolean) ms = 0;
  if (node.is(Node::Kind::integer) || node.is(Node::Kind::number)) ms = milliseconds_of(node.number);
  if (node.is(Node::Kind::string)) ms = parse_duration(node.text);
  if (!ms)
    return expected("a time such as \"90s\", \"10m\", \"2h\", or seconds (0 or false: none)", node, spot);
  return *ms;
}

Checker::Value Checker::interval(const Node& node, const Spot& spot) {
  auto ms = node.is(Node::Kind::boolean) ? std::nullopt : duration(node, spot);
  if (node.is(Node::Kind::boolean) || (ms && ms->as_int() == 0))
    return expected("a time above zero", node, spot);
  return ms;
}

Checker::Value Checker::one_of(const std::string& choices, const Node& node, const Spot& spot) {
  std::string words;
  bool found = false;
  for (std::size_t at = 0; at < choices.size();) {
    const auto end = std::min(choices.find(", ", at), choices.size());
    const auto choice = choices.substr(at, end - at);
    found = found || (node.is(Node::Kind::string) && node.text == choice);
    words += (words.empty() ? "\"" : ", \"") + choice + "\"";
    at = end + 2;
  }
  if (!found) return expected("one of " + words, node, spot);
  return node.text;
}

Checker::Value Checker::site_url(const Node& node, const Spot& spot) {
  auto url = http_url(node, spot);
  if (url && !url->as_string().ends_with('/')) return url->as_string() + "/";
  return url;
}

Checker::Value Checker::http_url(const Node& node, const Spot& spot) {
  if (!node.is(Node::Kind::string) || !(has_host(node.text, "http://") || has_host(node.text, "https://")))
    return expected("an address such as \"https://ci.example.org/\"", node, spot);
  return node.text;
}

Checker::Value Checker::mail_url(const Node& node, const Spot& spot) {
  if (!node.is(Node::Kind::string) || !(has_host(node.text, "smtp://") || has_host(node.text, "smtps://")))
    return expected("a mail server such as \"smtp://mail.example.org:25\"", node, spot);
  return node.text;
}

Checker::Value Checker::address(const Node& node, const Spot& spot) {
  const auto at = node.text.find('@');
  if (!node.is(Node::Kind::string) || at == std::string::npos || at == 0 || at + 1 == node.text.size() ||
      node.text.find_first_of("\r\n") != std::string::npos)
    return expected("a mail address such as \"dev@example.org\"", node, spot);
  return node.text;
}

Checker::Value Checker::addresses(const Node& node, const Spot& spot) {
  json::Array all;
  each_item(node, spot, [&](const Node& item, const Spot& at) {
    if (auto one = address(item, at)) all.push_back(std::move(*one));
  });
  return all;
}

Checker::Value Checker::user_and_password(const Node& node, const Spot& spot) {
  if (!node.is_list() || node.items.size() != 2 || !node.items[0].is(Node::Kind::string) ||
      !node.items[1].is(Node::Kind::string))
    return expected("{ \"user\", \"password\" }", node, spot);
  return json::Array{node.items[0].text, node.items[1].text};
}

Checker::Value Checker::headers(const Node& node, const Spot& spot) {
  return by_name(node, spot, "headers { [\"X-Name\"] = \"value\" }",
                 [&](const Node& value, const Spot& at) -> Value {
                   if (!value.is(Node::Kind::string) || value.text.find_first_of("\r\n") != std::string::npos)
                     return expected("a string of one line", value, at);
                   return value.text;
                 });
}

Checker::Value Checker::mode(const Node& node, const Spot& spot) {
  if (node.is(Node::Kind::string) && node.text == "all")
    return json::Array{"failing", "passing", "warnings", "exception", "cancelled"};
  if (node.is(Node::Kind::string) && node.text == "warnings") return json::Array{"failing", "warnings"};
  json::Array modes;
  each_item(node, spot, [&](const Node& item, const Spot& at) {
    if (auto one = one_of("change, failing, passing, problem, warnings, exception, cancelled", item, at))
      modes.push_back(std::move(*one));
  });
  return modes;
}

Checker::Value Checker::exit_codes(const Node& node, const Spot& spot) {
  const std::string what = "results by exit code, such as { [0] = \"success\", [2] = \"warnings\" }";
  if (!node.is(Node::Kind::table) || !node.fields.empty()) return expected(what, node, spot);
  std::map<std::int64_t, const Node*> codes;
  for (const auto& [code, value] : node.sparse) codes[code] = &value;
  for (std::size_t i = 0; i < node.items.size(); ++i)
    codes[static_cast<std::int64_t>(i + 1)] = &node.items[i];
  json::Object results;
  for (const auto& [code, value] : codes) {
    const auto result = value->is(Node::Kind::string) ? results_from_name(value->text) : std::nullopt;
    // RETRY is for builds that lost their worker.
    if (!result || *result == Results::retry || code < -128 ||
        code > std::numeric_limits<std::uint32_t>::max())
      return expected(what, *value, spot.at(std::to_string(code)));
    results[std::to_string(code)] = static_cast<int>(*result);
  }
  return results;
}

Checker::Value Checker::strings(const Node& node, const Spot& spot) {
  json::Array all;
  each_item(node, spot, [&](const Node& item, const Spot& at) {
    if (auto one = string(item, at)) all.push_back(std::move(*one));
  });
  return all;
}

Checker::Value Checker::globs(const Node& node, const Spot& spot) {
  json::Array all;
  each_item(node, spot, [&](const Node& item, const Spot& at) {
    const auto one = string(item, at);
    const auto problem = one ? glob_problem(one->as_string()) : std::nullopt;
    if (problem) wrong(at, at.field() + " of " + at.declaration->label() + ": " + *problem);
    if (one && !problem) all.push_back(*one);
  });
  return all;
}

Checker::Value Checker::regex(const Node& node, const Spot& spot) {
  if (!node.is(Node::Kind::string)) return expected("a regular expression", node, spot);
  if (const auto pattern = Pattern::compile(node.text); !pattern) {
    wrong(spot, spot.field() + " of " + spot.declaration->label() + ": " + pattern.error().text);
    return std::nullopt;
  }
  return node.text;
}

Checker::Value Checker::regexes(const Node& node, const Spot& spot) {
  json::Array all;
  each_item(node, spot, [&](const Node& item, const Spot& at) {
    if (auto one = regex(item, at)) all.push_back(std::move(*one));
  });
  return all;
}

Checker::Value Checker::values(const Node& node, const Spot& spot) {
  json::Array all;
  each_item(node, spot, [&](const Node& item, const Spot& at) {
    if (item.is(Node::Kind::boolean) && !item.boolean) {
      all.push_back(nullptr);
    } else if (item.is(Node::Kind::string)) {
      all.push_back(item.text);
    } else {
      expected("a string, or false for \"none\"", item, at);
    }
  });
  return all;
}

Checker::Value Checker::values_by_property(const Node& node, const Spot& spot) {
  return by_name(node, spot, "values by property, such as { owner = \"ann\" }",
                 [&](const Node& value, const Spot& at) {
                   json::Array all;
                   each_item(value, at, [&](const Node& item, const Spot& inner) {
                     if (auto one = data(item, inner, {})) all.push_back(std::move(*one));
                   });
                   return Value(std::move(all));
                 });
}

Checker::Value Checker::regexes_by_property(const Node& node, const Spot& spot) {
  return by_name(node, spot, "regular expressions by property",
                 [&](const Node& value, const Spot& at) { return regexes(value, at); });
}

}  // namespace headrace::config
