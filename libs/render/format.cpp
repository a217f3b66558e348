// SPDX-License-Identifier: Apache-2.0
#include "render/format.hpp"

#include <algorithm>
#include <cstdio>

#include "render/python_text.hpp"

namespace headrace::render {
namespace {

constexpr int kMaxWidth = 1000;  // more is a mistake and would cost memory

std::string padded(std::string text, const Conversion& c) {
  const auto width = static_cast<std::size_t>(c.width);
  if (text.size() >= width) return text;
  const std::size_t missing = width - text.size();
  if (c.flags.find('-') != std::string::npos) return text + std::string(missing, ' ');
  return std::string(missing, ' ') + text;
}

}  // namespace

Result<std::vector<FormatPart>> parse_format(std::string_view in) {
  std::vector<FormatPart> parts(1);
  const auto incomplete = [&] { return fail("incomplete format in '" + std::string(in) + "'"); };
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i] != '%') {
      parts.back().text += in[i];
      continue;
    }
    if (++i == in.size()) return incomplete();
    if (in[i] == '%') {
      parts.back().text += '%';
      continue;
    }
    Conversion c;
    if (in[i] == '(') {
      int depth = 1;
      const std::size_t start = ++i;
      for (; i < in.size(); ++i) {
        if (in[i] == '(') ++depth;
        if (in[i] == ')' && --depth == 0) break;
      }
      if (i == in.size()) return fail("incomplete format key in '" + std::string(in) + "'");
      c.key = in.substr(start, i - start);
      c.has_key = true;
      ++i;
    }
    while (i < in.size() && std::string_view("#0- +").find(in[i]) != std::string_view::npos)
      c.flags += in[i++];
    const auto digits = [&] {
      int n = 0;
      while (i < in.size() && in[i] >= '0' && in[i] <= '9') n = std::min(n * 10 + (in[i++] - '0'), kMaxWidth);
      return n;
    };
    c.width = digits();
    if (i < in.size() && in[i] == '.') ++i, c.precision = digits();
    while (i < in.size() && (in[i] == 'l' || in[i] == 'h' || in[i] == 'L')) ++i;
    if (i == in.size()) return incomplete();
    c.type = in[i];
    if (std::string_view("sradiuxXoeEfFgG").find(c.type) == std::string_view::npos)
      return fail(std::string("unsupported format character '") + c.type + "' in '" + std::string(in) + "'");
    parts.back().has_conversion = true;
    parts.back().conversion = std::move(c);
    parts.emplace_back();
  }
  return parts;
}

Result<std::string> apply(const Conversion& c, const json::Value& value) {
  if (c.type == 's' || c.type == 'r' || c.type == 'a') {
    std::string text = c.type == 's' ? python_str(value) : python_repr(value);
    if (c.precision >= 0 && text.size() > static_cast<std::size_t>(c.precision))
      text.resize(static_cast<std::size_t>(c.precision));
    return padded(std::move(text), c);
  }
  if (!value.is_number() && !value.is_bool())
    return fail(std::string("%") + c.type + " format: a number is required, not " + python_repr(value));
  const bool real = std::string_view("eEfFgG").find(c.type) != std::string_view::npos;
  std::string format = "%" + c.flags + std::to_string(c.width);
  if (c.width == 0) format = "%" + c.flags;
  if (c.precision >= 0) format += "." + std::to_string(c.precision);
  char buffer[2 * kMaxWidth + 400];
  int n = 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  if (real) {
    format += c.type;
    n = std::snprintf(buffer, sizeof buffer, format.c_str(),
                      value.is_bool() ? double(value.as_bool()) : value.as_double());
  } else {
    const long long whole = value.is_bool()  ? static_cast<long long>(value.as_bool())
                            : value.is_int() ? static_cast<long long>(value.as_int())
                                             : static_cast<long long>(value.as_double());
    format += "ll";
    format += c.type == 'u' || c.type == 'i' ? 'd' : c.type;
    n = std::snprintf(buffer, sizeof buffer, format.c_str(), whole);
  }
#pragma GCC diagnostic pop
  if (n < 0) return fail(std::string("cannot format with %") + c.type);
  return std::string(buffer, std::min(static_cast<std::size_t>(n), sizeof buffer - 1));
}

}  // namespace headrace::render
