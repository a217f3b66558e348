// SPDX-License-Identifier: Apache-2.0
#include "notifier/message.hpp"

#include "wire/codec.hpp"

namespace headrace::notifier {

namespace {
constexpr std::int64_t kVersion = 1;
}

std::string encode_message(const Message& m) {
  return wire::encode_value(json::Object{{"v", kVersion},
                                         {"kind", m.kind},
                                         {"at", m.at_ms},
                                         {"from", m.from},
                                         {"to", json::Array(m.to.begin(), m.to.end())},
                                         {"text", m.text}});
}

Result<Message> decode_message(std::string key, std::string_view bytes) {
  const auto value = wire::decode_value(bytes);
  if (!value) return fail("message " + key + ": " + value.error().text);
  const auto& v = *value;
  if (v["v"].int_or(0) != kVersion)
    return fail("message " + key + " has version " + std::to_string(v["v"].int_or(0)) + ", expected 1");
  if (!v["kind"].is_string() || !v["text"].is_string() || !v["at"].is_int())
    return fail("message " + key + " lacks its kind, text or time");
  Message m;
  m.key = std::move(key);
  m.kind = v["kind"].as_string();
  m.at_ms = v["at"].as_int();
  m.from = v["from"].string_or("");
  m.text = v["text"].as_string();
  if (v["to"].is_array())
    for (const auto& address : v["to"].as_array()) m.to.push_back(address.string_or(""));
  return m;
}

}  // namespace headrace::notifier
