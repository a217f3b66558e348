// SPDX-License-Identifier: Apache-2.0
#include "render/interpolate.hpp"

#include <algorithm>
#include <optional>

#include "render/format.hpp"

namespace headrace::render {
namespace {

constexpr int kMaxDepth = 50;  // of defaults in defaults

bool is_identifier(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '.' || c == '-' || c >= 0x80;  // Python's \w takes letters of every script
  });
}

/// One `selector:key[:modifier…]`, taken apart.
struct Selector {
  std::string_view kind;
  std::string_view codebase;  // of src
  std::string_view key;
  std::optional<std::string_view> modifier;
};

/// Cuts `s` at its first colon.
std::pair<std::string_view, std::optional<std::string_view>> cut(std::string_view s) {
  const auto colon = s.find(':');
  if (colon == std::string_view::npos) return {s, std::nullopt};
  return {s.substr(0, colon), s.substr(colon + 1)};
}

Result<Selector> parse_selector(std::string_view text) {
  Selector s;
  const auto [kind, argument] = cut(text);
  if (!argument) return fail("invalid Interpolate substitution without selector '" + std::string(text) + "'");
  s.kind = kind;
  std::string_view rest = *argument;
  if (kind == "src") {
    const auto [codebase, more] = cut(rest);
    if (!more)
      return fail("Must specify both codebase and attribute for src Interpolation '" + std::string(rest) +
                  "'");
    s.codebase = codebase;
    if (!is_identifier(codebase))
      return fail("Codebase must be alphanumeric for src Interpolation '" + std::string(rest) + "'");
    std::tie(s.key, s.modifier) = cut(*more);
    if (!is_identifier(s.key))
      return fail("Attribute must be alphanumeric for src Interpolation '" + std::string(rest) + "'");
    return s;
  }
  std::tie(s.key, s.modifier) = cut(rest);
  if (kind == "prop") {
    if (!is_identifier(s.key))
      return fail("Property name must be alphanumeric for prop Interpolation '" + std::string(rest) + "'");
  } else if (kind == "kw") {
    if (!is_identifier(s.key))
      return fail("Keyword must be alphanumeric for kw Interpolation '" + std::string(rest) + "'");
  } else if (kind == "secret") {
    return fail("secret '" + std::string(s.key) + "': there are no secret providers yet");
  } else if (kind != "worker") {
    return fail("invalid Interpolate selector '" + std::string(kind) + "'");
  }
  return s;
}

/// Splits at the first `delimiter` outside of parentheses; nothing when there is none or they do not match.
std::optional<std::pair<std::string_view, std::string_view>> split_balanced(char delimiter,
                                                                            std::string_view s) {
  int depth = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '(') ++depth;
    if (s[i] == ')' && --depth < 0) return std::nullopt;
    if (depth == 0 && s[i] == delimiter) return std::pair{s.substr(0, i), s.substr(i + 1)};
  }
  return std::nullopt;
}

/// What a modifier does: texts for present and absent, and what counts as present.
struct Modifier {
  std::optional<std::string_view> present;  // nothing: the value itself
  std::string_view absent;
  bool false_is_absent = false;
};

Result<Modifier> parse_modifier(std::optional<std::string_view> text) {
  Modifier m;
  if (!text) return m;
  if (text->empty()) return fail("invalid Interpolate default type ''");
  if (text->starts_with("-")) {
    m.absent = text->substr(1);
    return m;
  }
  if (text->starts_with("~")) {
    m.absent = text->substr(1);
    m.false_is_absent = true;
    return m;
  }
  if (text->starts_with("+")) {
    m.present = text->substr(1);
    return m;
  }
  const bool hash = text->starts_with("#?");
  if (!hash && !text->starts_with("?"))
    return fail("invalid Interpolate default type '" + std::string(text->substr(0, 1)) + "'");
  std::string_view rest = text->substr(hash ? 2 : 1);
  if (rest.empty()) return fail("invalid Interpolate ternary expression '' without a delimiter");
  const char delimiter = rest.front();
  if (delimiter == '(') return fail("invalid Interpolate ternary delimiter '('");
  rest.remove_prefix(1);
  const auto parts = split_balanced(delimiter, rest);
  if (!parts)
    return fail("invalid Interpolate ternary expression '" + std::string(rest) + "' with delimiter '" +
                std::string(1, delimiter) + "'");
  m.present = parts->first;
  m.absent = parts->second;
  m.false_is_absent = hash;
  return m;
}

json::Value text_or_null(const std::optional<std::string>& s) { return s ? json::Value(*s) : json::Value(); }

std::optional<json::Value> source_attribute(const Context& context, std::string_view codebase,
                                            std::string_view attribute) {
  if (!context.sourcestamps) return std::nullopt;
  for (const auto& s : *context.sourcestamps) {
    if (s.codebase != codebase) continue;
    if (attribute == "branch") return text_or_null(s.branch);
    if (attribute == "revision") return text_or_null(s.revision);
    if (attribute == "repository") return s.repository;
    if (attribute == "project") return s.project;
    if (attribute == "codebase") return s.codebase;
  }
  return std::nullopt;
}

/// The value that a selector names; nothing when there is no such thing.
Result<std::optional<json::Value>> look_up(const Selector& s, const Context& context,
                                           const Arguments& arguments) {
  using Found = std::optional<json::Value>;
  if (s.kind == "src") return source_attribute(context, s.codebase, s.key);
  if (s.kind == "prop") {
    if (!context.properties) return Found{};
    const auto it = context.properties->find(s.key);
    return it == context.properties->end() ? Found{} : Found{it->second.value};
  }
  if (s.kind == "worker") {
    if (!context.worker) return Found{};
    const auto it = context.worker->find(std::string(s.key));
    return it == context.worker->end() ? Found{} : Found{json::Value(it->second)};
  }
  if (!arguments.kw) return Found{};
  const auto it = arguments.kw->find(s.key);
  if (it == arguments.kw->end()) return Found{};
  auto value = render(it->second, context);
  if (!value) return tl::unexpected(value.error());
  return Found{std::move(*value)};
}

Result<json::Value> substitute(std::string_view key, const Context* context, const Arguments& arguments,
                               int depth) {
  const auto selector = parse_selector(key);
  if (!selector) return tl::unexpected(selector.error());
  const auto modifier = parse_modifier(selector->modifier);
  if (!modifier) return tl::unexpected(modifier.error());
  const auto text = [&](std::string_view t) -> Result<json::Value> {
    auto r = interpolate_text(t, context, arguments, depth + 1);
    if (!r) return tl::unexpected(r.error());
    return json::Value(std::move(*r));
  };
  if (!context) {
    if (modifier->present) {
      if (auto r = text(*modifier->present); !r) return r;
    }
    return text(modifier->absent);
  }
  auto value = look_up(*selector, *context, arguments);
  if (!value) return tl::unexpected(value.error());
  const bool present = value->has_value() && (!modifier->false_is_absent || (*value)->truthy());
  if (!present) return text(modifier->absent);
  if (modifier->present) return text(*modifier->present);
  if ((*value)->is_null()) return json::Value("");  // None shows as nothing
  return std::move(**value);
}

}  // namespace

Result<std::string> interpolate_text(std::string_view text, const Context* context,
                                     const Arguments& arguments, int depth) {
  if (depth > kMaxDepth)
    return fail("Interpolate nested deeper than " + std::to_string(kMaxDepth) + " levels");
  auto parts = parse_format(text);
  if (!parts) return tl::unexpected(parts.error());
  const std::size_t arguments_given = arguments.positional ? arguments.positional->size() : 0;
  std::size_t arguments_used = 0;
  std::string out;
  for (const auto& part : *parts) {
    out += part.text;
    if (!part.has_conversion) continue;
    json::Value value;
    if (part.conversion.has_key) {
      if (arguments_given > 0)
        return fail("Interpolate takes either positional or keyword substitutions, not both");
      auto substituted = substitute(part.conversion.key, context, arguments, depth);
      if (!substituted) return tl::unexpected(substituted.error());
      value = std::move(*substituted);
      if (!context) continue;
    } else {
      if (arguments_used == arguments_given)
        return fail("not enough arguments for format string '" + std::string(text) + "'");
      const json::Value& argument = (*arguments.positional)[arguments_used++];
      if (!context) continue;
      auto rendered = render(argument, *context);
      if (!rendered) return tl::unexpected(rendered.error());
      value = std::move(*rendered);
    }
    auto formatted = apply(part.conversion, value);
    if (!formatted) return formatted;
    out += *formatted;
  }
  if (arguments_used != arguments_given)
    return fail("not all arguments converted during formatting of '" + std::string(text) + "'");
  return out;
}

}  // namespace headrace::render
