// SPDX-License-Identifier: Apache-2.0
#include "config/change_filter.hpp"

namespace headrace::config {
namespace {

// Gives the fields of the filter that test attribute `name`.
ChangeFilter::Attribute attribute(const json::Object& fields, const std::string& name) {
  ChangeFilter::Attribute a;
  const auto read = [&](const std::string& field, auto& to) {
    if (const auto it = fields.find(field); it != fields.end()) read_value(it->second, to);
  };
  read(name, a.eq);
  read(name + "_not_eq", a.not_equal);
  read(name + "_re", a.re);
  read(name + "_not_re", a.not_re);
  read(name + "_fn", a.fn);
  return a;
}

// Gives the fields of the filter that test something other than an attribute.
struct Rest {
  ChangeFilter& filter;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("property_eq", s.filter.property_eq), f("property_not_eq", s.filter.property_not_eq);
    f("property_re", s.filter.property_re), f("property_not_re", s.filter.property_not_re);
    f("filter_fn", s.filter.filter_fn);
  }
};

}  // namespace

void read_option(const json::Value& value, ChangeFilter& to) {
  const auto& fields = value.as_object();
  for (const std::string name : {"project", "repository", "branch", "category", "codebase"}) {
    auto a = attribute(fields, name);
    if (a.eq || a.not_equal || !a.re.empty() || !a.not_re.empty() || a.fn != 0)
      to.attributes[name] = std::move(a);
  }
  Rest rest{to};
  bind(fields, rest);
}

}  // namespace headrace::config
