// SPDX-License-Identifier: Apache-2.0
// The API's description of itself: the root's links and application.spec.
#include <set>

#include "web/rest/routes.hpp"

namespace headrace::web {
namespace {

json::Value field_spec(const Field& f) {
  json::Object type_spec;
  std::string type;
  switch (f.kind) {
    case Kind::integer:
      type = "integer";
      break;
    case Kind::string:
      type = "string";
      break;
    case Kind::boolean:
      type = "boolean";
      break;
    case Kind::datetime:
      type = "datetime";
      break;
    case Kind::properties:
      type = "sourcedproperties";
      break;
    case Kind::json:
      type = f.of;
      break;
    case Kind::list:
      type = "list";
      break;
  }
  if (f.kind == Kind::list) {
    type_spec = {{"type", "list"}, {"of", json::Object{{"name", f.of}}}};
  } else {
    type_spec["name"] = type;
  }
  if (f.nullable) type_spec["can_be_null"] = true;
  return json::Object{
      {"name", f.name}, {"type", f.nullable ? type + " or None" : type}, {"type_spec", type_spec}};
}

// "B:builderid" is two paths in Buildbot's list: by number and by name.
std::vector<std::string> spelled(std::string_view pattern) {
  std::vector<std::string> out{""};
  while (!pattern.empty()) {
    const auto segment = next_segment(pattern);
    const bool either = segment.size() > 1 && segment[1] == ':' &&
                        std::string_view("BWS").find(segment[0]) != std::string_view::npos;
    std::vector<std::string> longer;
    for (const auto& path : out) {
      const std::string before = path.empty() ? "" : path + "/";
      if (!either)
        longer.push_back(before + std::string(segment));
      else
        for (const char* kind : {"n:", "i:"})
          longer.push_back(before + kind + std::string(segment.substr(2)));
    }
    out = std::move(longer);
  }
  return out;
}

}  // namespace

json::Array root_links() {
  std::set<std::string> names;
  for (const auto& e : endpoints())
    if (e.pattern.find('/') == std::string_view::npos) names.emplace(e.pattern);
  json::Array out;
  for (const auto& n : names) out.push_back(json::Object{{"name", n}});
  return out;
}

json::Array specification() {
  json::Array out;
  for (const auto& e : endpoints()) {
    json::Array fields;
    for (const auto& f : e.entity->fields)
      if (!f.on_request) fields.push_back(field_spec(f));
    std::string type(e.entity->type);
    if (e.ending == Ending::dictionary) type = "sourcedproperties", fields.clear();
    if (e.ending != Ending::rows && e.ending != Ending::dictionary) {
      type = "logchunk";
      fields = {field_spec({"logid", Kind::integer, ""}), field_spec({"firstline", Kind::integer, ""}),
                field_spec({"content", Kind::string, ""})};
    }
    for (const auto& path : spelled(e.pattern))
      out.push_back(json::Object{{"path", path},
                                 {"plural", plural_of(e)},
                                 {"type", type},
                                 {"type_spec", json::Object{{"type", type}, {"fields", fields}}}});
  }
  return out;
}

}  // namespace headrace::web
