// SPDX-License-Identifier: Apache-2.0
#include "render/render.hpp"

#include <set>

#include "render/interpolate.hpp"

namespace headrace::render {
namespace {

enum class Kind { plain, property, interpolate, question };

Kind kind_of(const json::Value& v) {
  if (!v.is_object()) return Kind::plain;
  const auto& o = v.as_object();
  if (o.contains("$property")) return Kind::property;
  if (o.contains("$interpolate")) return Kind::interpolate;
  if (o.contains("$question")) return Kind::question;
  return Kind::plain;
}

Arguments arguments_of(const json::Value& v) {
  Arguments a;
  if (v["$kw"].is_object()) a.kw = &v["$kw"].as_object();
  if (v["$args"].is_array()) a.positional = &v["$args"].as_array();
  return a;
}

void collect(const json::Value& v, std::set<std::int64_t>& out) {
  if (v.is_array()) {
    for (const auto& x : v.as_array()) collect(x, out);
  } else if (v.is_object()) {
    if (v["$question"].is_int()) out.insert(v["$question"].as_int());
    for (const auto& [k, x] : v.as_object()) collect(x, out);
  }
}

Result<json::Value> property(const json::Value& v, const Context& context) {
  if (!v["$property"].is_string()) return fail("$property is no name but " + json::write(v["$property"]));
  if (context.properties) {
    const auto it = context.properties->find(v["$property"].as_string());
    // As Buildbot's Property: what is false gives way to a default, if there is one.
    if (it != context.properties->end() && (it->second.value.truthy() || !v.as_object().contains("$default")))
      return it->second.value;
  }
  return render(v["$default"], context);
}

Result<json::Value> question(const json::Value& v, const Context& context) {
  if (!v["$question"].is_int()) return fail("$question is no number but " + json::write(v["$question"]));
  const auto n = v["$question"].as_int();
  if (context.answers) {
    const auto it = context.answers->find(n);
    if (it != context.answers->end()) return it->second;
  }
  return fail("needs question " + std::to_string(n));
}

}  // namespace

Result<json::Value> render(const json::Value& v, const Context& context) {
  if (v.is_array()) {
    json::Array out;
    out.reserve(v.as_array().size());
    for (const auto& x : v.as_array()) {
      auto r = render(x, context);
      if (!r) return r;
      out.push_back(std::move(*r));
    }
    return json::Value(std::move(out));
  }
  switch (kind_of(v)) {
    case Kind::property:
      return property(v, context);
    case Kind::question:
      return question(v, context);
    case Kind::interpolate: {
      if (!v["$interpolate"].is_string())
        return fail("$interpolate is no text but " + json::write(v["$interpolate"]));
      auto text = interpolate_text(v["$interpolate"].as_string(), &context, arguments_of(v), 0);
      if (!text) return tl::unexpected(text.error());
      return json::Value(std::move(*text));
    }
    case Kind::plain:
      break;
  }
  if (!v.is_object()) return v;
  json::Object out;
  for (const auto& [k, x] : v.as_object()) {
    auto r = render(x, context);
    if (!r) return r;
    out.emplace(k, std::move(*r));
  }
  return json::Value(std::move(out));
}

Result<std::string> interpolate(std::string_view text, const Context& context, const json::Object& kw) {
  Arguments arguments;
  arguments.kw = &kw;
  return interpolate_text(text, &context, arguments, 0);
}

std::vector<std::int64_t> questions(const json::Value& renderable) {
  std::set<std::int64_t> found;
  collect(renderable, found);
  return {found.begin(), found.end()};
}

Result<void> check(const json::Value& v) {
  if (v.is_array()) {
    for (const auto& x : v.as_array())
      if (auto r = check(x); !r) return r;
  } else if (v.is_object()) {
    if (kind_of(v) == Kind::interpolate) {
      if (!v["$interpolate"].is_string())
        return fail("$interpolate is no text but " + json::write(v["$interpolate"]));
      const auto r = interpolate_text(v["$interpolate"].as_string(), nullptr, arguments_of(v), 0);
      if (!r) return tl::unexpected(r.error());
    }
    for (const auto& [k, x] : v.as_object())
      if (auto r = check(x); !r) return r;
  }
  return {};
}

}  // namespace headrace::render
