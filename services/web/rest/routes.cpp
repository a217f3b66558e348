// SPDX-License-Identifier: Apache-2.0
#include "web/rest/routes.hpp"

#include <charconv>

#include "http/server.hpp"

namespace headrace::web {
namespace {

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t n = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (failed != std::errc{} || end != text.data() + text.size() || n < 0) return std::nullopt;
  return n;
}

// What the variable of kind `kind` stands for in the condition; nothing when `text` cannot be one.
std::optional<std::string> expression(char kind, const std::string& text, std::vector<SqlValue>& values) {
  const auto number = number_in(text);
  if (kind == 'n' && !number) return std::nullopt;
  if (text.empty()) return std::nullopt;
  const bool by_number = number && kind != 'i' && kind != 's';
  values.push_back(by_number ? SqlValue(*number) : SqlValue(text));
  const std::string parameter = "?" + std::to_string(values.size());
  switch (kind) {
    case 'B':
      return by_number ? parameter : "(SELECT builderid FROM builders WHERE name = " + parameter + ")";
    case 'W':
      return by_number ? parameter : "(SELECT workerid FROM workers WHERE name = " + parameter + ")";
    case 'S':
      return (by_number ? "steps.number = " : "steps.name = ") + parameter;
    default:
      return parameter;
  }
}

std::optional<Scope> match(const Endpoint& endpoint, std::string_view path) {
  std::string_view pattern = endpoint.pattern;
  Scope scope;
  std::vector<std::string> expressions;
  while (!pattern.empty() && !path.empty()) {
    const auto want = next_segment(pattern);
    const auto got = next_segment(path);
    const bool variable = want.size() > 1 && want[1] == ':';
    if (!variable) {
      if (want != got) return std::nullopt;
      continue;
    }
    auto e = expression(want[0], http::percent_decode(got, false), scope.values);
    if (!e) return std::nullopt;
    expressions.push_back(std::move(*e));
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  for (std::size_t i = 0; i < endpoint.condition.size(); ++i) {
    const char c = endpoint.condition[i];
    if (c != '$')
      scope.condition += c;
    else
      scope.condition += expressions.at(static_cast<std::size_t>(endpoint.condition[++i] - '1'));
  }
  scope.from = endpoint.from;
  return scope;
}

}  // namespace

std::string_view next_segment(std::string_view& path) {
  const auto at = path.find('/');
  const auto segment = path.substr(0, at);
  path = at == std::string_view::npos ? std::string_view() : path.substr(at + 1);
  return segment;
}

std::optional<Match> find_endpoint(std::string_view path) {
  if (path.empty() || path.ends_with('/')) return std::nullopt;
  for (const auto& e : endpoints())
    if (auto scope = match(e, path)) return Match{&e, std::move(*scope)};
  return std::nullopt;
}

std::string_view plural_of(const Endpoint& endpoint) {
  if (endpoint.ending == Ending::dictionary) return "properties";
  if (endpoint.ending != Ending::rows) return "logchunks";
  return endpoint.entity->plural;
}

}  // namespace headrace::web
