// SPDX-License-Identifier: Apache-2.0
// What a request says, once it has been read: look-ups, percent-encoding, forms.
#include <algorithm>
#include <cctype>

#include "http/server.hpp"
#include "limits/limits.hpp"

namespace headrace::http {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

std::optional<std::string> Request::param(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string percent_decode(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else if (text[i] == '+' && plus_is_blank) {
      out += ' ';
    } else {
      out += text[i];
    }
  }
  return out;
}

bool too_many_fields(std::string_view form) {
  return static_cast<std::size_t>(std::count(form.begin(), form.end(), '&')) >= limits::kFormFields;
}

std::vector<std::pair<std::string, std::string>> parse_form(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const auto field = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (field.empty()) continue;
    const auto equals = std::min(field.find('='), field.size());
    const auto value = field.substr(std::min(equals + 1, field.size()));
    out.emplace_back(percent_decode(field.substr(0, equals), true), percent_decode(value, true));
  }
  return out;
}

}  // namespace headrace::http
