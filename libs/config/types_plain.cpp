// SPDX-License-Identifier: Apache-2.0
// The types whose values are known at once: booleans, numbers, times, choices.
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>

#include "config/types.hpp"
#include "duration/duration.hpp"
#include "model/results.hpp"

namespace headrace::config {
namespace {

constexpr std::int64_t kMaxPriority = 1'000'000;  // the store takes no higher priority

Checked check_duration(const Given& given) {
  std::optional<milliseconds> time;
  if (given.is(Node::Kind::boolean) && !given.node.boolean) time = milliseconds(0);
  if (given.is(Node::Kind::integer) || given.is(Node::Kind::number))
    time = duration::from_seconds(given.node.number);
  if (given.is(Node::Kind::string)) time = duration::parse(given.node.text);
  if (!time) return given.expected("a time such as \"90s\", \"10m\", \"2h\", or seconds (0 or false: none)");
  return json::Value(static_cast<std::int64_t>(time->count()));
}

Checked check_interval(const Given& given) {
  if (given.is(Node::Kind::boolean)) return given.expected("a time above zero");
  auto time = check_duration(given);
  if (time && time->as_int() == 0) return given.expected("a time above zero");
  return time;
}

Checked check_mode(const Given& given) {
  if (given.is(Node::Kind::string) && given.node.text == "all")
    return json::Array{"failing", "passing", "warnings", "exception", "cancelled"};
  if (given.is(Node::Kind::string) && given.node.text == "warnings")
    return json::Array{"failing", "warnings"};
  return given.list_of([](const Given& item) {
    Given one = item;
    one.choices = "change, failing, passing, problem, warnings, exception, cancelled";
    return check_one_of(one);
  });
}

// Gives the result that belongs to one exit code; nothing when the code or the result is wrong.
std::optional<Results> exit_result(std::int64_t code, const Node& value) {
  if (code < -128 || code > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  const auto result = value.is(Node::Kind::string) ? results_from_name(value.text) : std::nullopt;
  if (result == Results::retry) return std::nullopt;  // only for builds that lost their worker
  return result;
}

Checked check_exit_codes(const Given& given) {
  const std::string what = "results by exit code, such as { [0] = \"success\", [2] = \"warnings\" }";
  const Node& node = given.node;
  if (!node.is(Node::Kind::table) || !node.fields.empty()) return given.expected(what);
  std::map<std::int64_t, const Node*> codes;
  for (const auto& [code, value] : node.sparse) codes[code] = &value;
  for (std::size_t i = 0; i < node.items.size(); ++i)
    codes[static_cast<std::int64_t>(i + 1)] = &node.items[i];
  json::Object results;
  for (const auto& [code, value] : codes) {
    const auto result = exit_result(code, *value);
    const std::string name = std::to_string(code);
    if (!result) return given.member(name, *value).expected(what);
    // Windows writes exit codes as unsigned numbers; a worker uses signed ones.
    results[std::to_string(static_cast<std::int32_t>(code))] = static_cast<int>(*result);
  }
  return results;
}

const Type kTypes[] = {
    {"bool", "`true` or `false`",
     [](const Given& given) -> Checked {
       if (!given.is(Node::Kind::boolean)) return given.expected("true or false");
       return given.node.boolean;
     }},
    {"integer", "a whole number",
     [](const Given& given) -> Checked {
       if (!given.is(Node::Kind::integer)) return given.expected("a whole number");
       return given.node.integer;
     }},
    {"priority", "a whole number from -1000000 to 1000000",
     [](const Given& given) -> Checked {
       if (given.is(Node::Kind::function)) return given.wrong(" as a function is not yet supported");
       if (!given.is(Node::Kind::integer)) return given.expected("a whole number");
       if (std::abs(given.node.integer) > kMaxPriority)
         return given.expected("a whole number from -1000000 to 1000000");
       return given.node.integer;
     }},
    {"count", "a whole number from 1 on",
     [](const Given& given) -> Checked {
       if (!given.is(Node::Kind::integer) || given.node.integer < 1 || given.node.integer > 1'000'000)
         return given.expected("a whole number from 1 to 1000000");
       return given.node.integer;
     }},
    {"limit", "a whole number from 0 on; 0 or `false`: no limit",
     [](const Given& given) -> Checked {
       if (given.is(Node::Kind::boolean) && !given.node.boolean) return 0;
       if (!given.is(Node::Kind::integer) || given.node.integer < 0)
         return given.expected("a whole number from 0 on (0 or false: no limit)");
       return given.node.integer;
     }},
    {"depth", "`true`, `false` or a number of commits",
     [](const Given& given) -> Checked {
       if (given.is(Node::Kind::boolean)) return given.node.boolean;
       if (!given.is(Node::Kind::integer) || given.node.integer < 1)
         return given.expected("true, false or a number of commits from 1 on");
       return given.node.integer;
     }},
    {"duration",
     "`\"90s\"`, `\"1.5h\"`, `\"250ms\"`; units ms, s, m, h, d, w; a number is seconds; 0 or `false`: none",
     check_duration},
    {"interval", "a duration above zero", check_interval},
    {"one of", "one of the texts that follow", check_one_of},
    {"mode",
     "a list of `change` (the result is not that of the build before), `failing`, `passing`, `problem` "
     "(failing, "
     "and the build before was not), `warnings`, `exception`, `cancelled`; alone, `\"all\"` is failing, "
     "passing, "
     "warnings, exception and cancelled, `\"warnings\"` is failing and warnings",
     check_mode},
    {"exit codes",
     "`{ [0] = \"success\", [2] = \"warnings\" }`; results are success, warnings, failure, skipped, "
     "exception, "
     "cancelled",
     check_exit_codes},
};

}  // namespace

Checked check_one_of(const Given& given) {
  std::string words;
  bool found = false;
  for (std::size_t at = 0; at < given.choices.size();) {
    const auto end = std::min(given.choices.find(", ", at), given.choices.size());
    const std::string choice(given.choices.substr(at, end - at));
    found = found || (given.is(Node::Kind::string) && given.node.text == choice);
    words += (words.empty() ? "\"" : ", \"") + choice + "\"";
    at = end + 2;
  }
  if (!found) return given.expected("one of " + words);
  return given.node.text;
}

std::span<const Type> plain_types() { return kTypes; }

}  // namespace headrace::config
