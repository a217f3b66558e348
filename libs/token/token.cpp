// SPDX-License-Identifier: Apache-2.0
#include "token/token.hpp"

#include <algorithm>
#include <cstdint>

#include "wire/codec.hpp"

namespace headrace::token {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64url(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  int have = 0;
  for (const unsigned char c : bytes) {
    bits = bits << 8 | c;
    for (have += 8; have >= 6; have -= 6) out += kAlphabet[bits >> (have - 6) & 63];
  }
  if (have > 0) out += kAlphabet[bits << (6 - have) & 63];
  return out;
}

Result<std::string> from_base64url(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int have = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto value = kAlphabet.find(text[i]);
    if (value == std::string_view::npos)
      return fail("the token has a character that is none of base64url at place " + std::to_string(i + 1));
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out += static_cast<char>(bits >> have & 255);
    }
  }
  // What is left over of the last character is zero in a whole token.
  if (have >= 6 || (bits & ((1u << have) - 1)) != 0) return fail("the token is cut off or was changed");
  return out;
}

bool is_z85(std::string_view key) {
  constexpr std::string_view kLetters =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
  return key.size() == 40 && key.find_first_not_of(kLetters) == std::string_view::npos;
}

}  // namespace

std::string encode(const Token& t) {
  return to_base64url(
      wire::encode_value(json::Object{{"v", 1},
                                      {"kind", t.kind},
                                      {"name", t.name},
                                      {"server", json::Array(t.server.begin(), t.server.end())},
                                      {"server_key", t.server_key},
                                      {"public_key", t.public_key},
                                      {"secret_key", t.secret_key}}));
}

Result<Token> decode(std::string_view text, std::string_view kind) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return fail("the token is empty");
  text = text.substr(first, text.find_last_not_of(" \t\r\n") + 1 - first);
  const auto bytes = from_base64url(text);
  if (!bytes) return tl::unexpected(bytes.error());
  const auto map = wire::decode_value(*bytes);
  if (!map || !map->is_object()) return fail("the token is cut off or was changed");
  const auto& m = *map;
  if (m["v"].int_or(0) != 1)
    return fail("the token has version " + std::to_string(m["v"].int_or(0)) + " where 1 is known");
  Token t;
  t.kind = m["kind"].string_or("");
  if (t.kind != kind)
    return fail("this is the token of a " + t.kind + " where one of a " + std::string(kind) + " is needed");
  t.name = m["name"].string_or("");
  if (m["server"].is_array())
    for (const auto& endpoint : m["server"].as_array()) t.server.push_back(endpoint.string_or(""));
  if (t.server.empty() || std::count(t.server.begin(), t.server.end(), "") > 0)
    return fail("the token names no server to connect to");
  t.server_key = m["server_key"].string_or("");
  t.public_key = m["public_key"].string_or("");
  t.secret_key = m["secret_key"].string_or("");
  const bool plain = t.server_key.empty() && t.public_key.empty() && t.secret_key.empty();
  if (!plain && !is_z85(t.server_key)) return fail("the token's server_key is no CURVE key");
  if (!plain && !is_z85(t.public_key)) return fail("the token's public_key is no CURVE key");
  if (!plain && !is_z85(t.secret_key)) return fail("the token's secret_key is no CURVE key");
  return t;
}

}  // namespace headrace::token
