// SPDX-License-Identifier: Apache-2.0
#include "worker/core/environment.hpp"

#include <cctype>

#include "render/python_text.hpp"

namespace headrace::worker {
namespace {

std::string expanded(const std::string& text, const Environment& own) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size() || text[i + 1] != '{') {
      out += text[i];
      continue;
    }
    std::size_t end = i + 2;
    while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_'))
      ++end;
    if (end == text.size() || text[end] != '}') {
      out += text[i];
      continue;
    }
    const auto it = own.find(text.substr(i + 2, end - i - 2));
    if (it != own.end()) out += it->second;
    i = end;
  }
  return out;
}

}  // namespace

Result<Environment> merge_environment(const Environment& own, const json::Value& env) {
  Environment out = own;
  if (env.is_null()) return out;
  if (!env.is_object()) return fail("env must be a table of variables, not " + json::write(env));
  for (const auto& [name, value] : env.as_object()) {
    if (name.empty() || name.find('=') != std::string::npos || name.find('\0') != std::string::npos)
      return fail("env has a variable with the impossible name '" + name + "'");
    if (value.is_null()) {
      out.erase(name);
      continue;
    }
    std::string text;
    if (value.is_array()) {
      for (const auto& part : value.as_array()) text += (text.empty() ? "" : ":") + render::python_str(part);
    } else if (value.is_string() || value.is_number()) {
      text = render::python_str(value);
    } else {
      return fail("'env' values must be strings or lists; key '" + name + "' is incorrect");
    }
    text = expanded(text, own);
    if (name == "PYTHONPATH") {
      const auto it = own.find(name);
      if (it != own.end() && !it->second.empty()) text += ":" + it->second;
    }
    out[name] = std::move(text);
  }
  return out;
}

}  // namespace headrace::worker
