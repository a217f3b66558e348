// SPDX-License-Identifier: Apache-2.0
#include "render/python_text.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace headrace::render {
namespace {

std::string quoted(const std::string& text) {
  // Python takes double quotes when that saves escaping.
  const bool has_single = text.find('\'') != std::string::npos;
  const char quote = has_single && text.find('"') == std::string::npos ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\\':
        out += "\\\\";
        break;
      default:
        if (c == quote) {
          out += '\\';
          out += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
          char hex[8];
          std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
          out += hex;
        } else {
          out += c;
        }
    }
  }
  return out += quote;
}

// The shortest decimal that reads back as the same number, with Python's switch to exponents.
std::string number(double d) {
  if (std::isnan(d)) return "nan";
  if (std::isinf(d)) return d > 0 ? "inf" : "-inf";
  char buffer[64];
  const double size = std::fabs(d);
  const auto form =
      size != 0 && (size < 1e-4 || size >= 1e16) ? std::chars_format::scientific : std::chars_format::fixed;
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, d, form).ptr;
  std::string out(buffer, end);
  if (out.find_first_of(".e") == std::string::npos) out += ".0";
  return out;
}

}  // namespace

std::string python_repr(const json::Value& v) {
  if (v.is_null()) return "None";
  if (v.is_bool()) return v.as_bool() ? "True" : "False";
  if (v.is_int()) return std::to_string(v.as_int());
  if (v.is_double()) return number(v.as_double());
  if (v.is_string()) return quoted(v.as_string());
  std::string out;
  if (v.is_array()) {
    for (const auto& x : v.as_array()) out += (out.empty() ? "" : ", ") + python_repr(x);
    return "[" + out + "]";
  }
  for (const auto& [k, x] : v.as_object())
    out += (out.empty() ? "" : ", ") + quoted(k) + ": " + python_repr(x);
  return "{" + out + "}";
}

std::string python_str(const json::Value& v) { return v.is_string() ? v.as_string() : python_repr(v); }

}  // namespace headrace::render
