// SPDX-License-Identifier: Apache-2.0
#include "store/reply.hpp"

#include <hiredis/hiredis.h>
#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <stdexcept>

#include "store/random.hpp"

namespace headrace::store {
namespace {

constexpr const char* kLibraryPrefix = "headrace1_";

// Errors that say "not now" rather than "wrong".
bool is_temporary(std::string_view text) {
  for (std::string_view word : {"LOADING", "READONLY", "OOM", "MISCONF", "NOREPLICAS", "CLUSTERDOWN",
                                "MASTERDOWN", "BUSY", "TRYAGAIN", "NOAUTH"})
    if (text.starts_with(word)) return true;
  return false;
}

std::string text_of(const redisReply* r) { return {r->str, r->len}; }

constexpr std::array<std::pair<Refused, std::string_view>, 12> kRefusals{{
    {Refused::bad, "bad"},
    {Refused::config, "config"},
    {Refused::early, "early"},
    {Refused::fenced, "fenced"},
    {Refused::gap, "gap"},
    {Refused::gone, "gone"},
    {Refused::held, "held"},
    {Refused::late, "late"},
    {Refused::none, "none"},
    {Refused::session, "session"},
    {Refused::stale, "stale"},
    {Refused::error, "error"},
}};

// A refusal is "<word>: <reason>".
Refused refused_of(std::string_view refusal) {
  const auto word = refusal.substr(0, refusal.find(':'));
  for (const auto& [why, name] : kRefusals)
    if (name == word) return why;
  return Refused::error;
}

}  // namespace

std::string_view refused_name(Refused why) {
  for (const auto& [known, name] : kRefusals)
    if (known == why) return name;
  return "error";
}

RedisReply convert(const redisReply* r) {
  RedisReply out;
  if (!r) return out;
  switch (r->type) {
    case REDIS_REPLY_INTEGER:
      out.kind = RedisReply::Kind::integer, out.integer = r->integer;
      break;
    case REDIS_REPLY_STRING:
      out.kind = RedisReply::Kind::string, out.text = text_of(r);
      break;
    case REDIS_REPLY_STATUS:
      out.kind = RedisReply::Kind::status, out.text = text_of(r);
      break;
    case REDIS_REPLY_ERROR:
      out.kind = RedisReply::Kind::error, out.text = text_of(r);
      break;
    case REDIS_REPLY_ARRAY:
      out.kind = RedisReply::Kind::array;
      out.items.reserve(r->elements);
      for (std::size_t i = 0; i < r->elements; ++i) out.items.push_back(convert(r->element[i]));
      break;
    default:
      break;
  }
  return out;
}

std::vector<std::string> fcall_words(const Call& call, const std::string& prefix) {
  std::vector<std::string> words{"FCALL", kLibraryPrefix + call.function, "1"};
  auto first = call.args.begin();
  if (call.log_of) {
    words.push_back(KeyNames(prefix).log_prefix(call.log_of));
  } else if (call.function.starts_with("log_")) {
    words.push_back(*first++);
  } else {
    words.push_back(prefix);
  }
  words.push_back(random_hex(8));
  words.insert(words.end(), first, call.args.end());
  return words;
}

std::optional<Reply> convert_call(const redisReply* r, std::string& lost_reason) {
  Reply out;
  if (!r) {
    lost_reason = "no answer";
    return std::nullopt;
  }
  if (r->type == REDIS_REPLY_ERROR) {
    const std::string text = text_of(r);
    if (is_temporary(text)) {
      lost_reason = text;
      return std::nullopt;
    }
    out.refusal = "error: " + text;
    return out;
  }
  if (r->type != REDIS_REPLY_ARRAY || r->elements < 2 || r->element[0]->type != REDIS_REPLY_STRING) {
    out.refusal = "error: a function answered in an unknown form";
    return out;
  }
  out.ok = text_of(r->element[0]) == "ok";
  (out.ok ? out.value : out.refusal) = text_of(r->element[1]);
  if (!out.ok) out.why = refused_of(out.refusal);
  for (std::size_t i = 2; i + 1 < r->elements; i += 2) {
    out.envelopes.push_back(text_of(r->element[i]));
    auto event = wire::decode_event(out.envelopes.back(), {r->element[i + 1]->str, r->element[i + 1]->len});
    if (!event) throw std::logic_error("a Redis function made a bad event: " + event.error().text);
    out.events.push_back(std::move(*event));
  }
  return out;
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(bytes)) != 1)
    throw std::runtime_error("the system has no random numbers");
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (unsigned char c : raw) out += kHex[c >> 4], out += kHex[c & 15];
  return out;
}

Result<Address> parse_address(std::string_view text) {
  Address out;
  if (text.starts_with("unix:")) {
    out.unix_path = text.substr(5);
    if (out.unix_path.empty()) return fail("Redis address '" + std::string(text) + "' has no path");
    if (out.unix_path.size() > 107)
      return fail("Redis socket path '" + out.unix_path + "' is longer than 107 bytes");
    return out;
  }
  std::string_view rest = text;
  if (!rest.starts_with("tcp://"))
    return fail("Redis address '" + std::string(text) + "' is neither unix:/path nor tcp://host:port");
  rest.remove_prefix(6);
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    auto credentials = rest.substr(0, at);
    if (!credentials.starts_with(':'))
      return fail("Redis address: a password is written tcp://:password@host:port");
    out.password = credentials.substr(1);
    rest.remove_prefix(at + 1);
  }
  const auto colon = rest.rfind(':');
  out.host = rest.substr(0, colon);
  if (colon != std::string_view::npos) {
    const auto port = rest.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc() || end != port.data() + port.size() || out.port < 1 || out.port > 65535)
      return fail("Redis address '" + std::string(text) + "' has no port 1 to 65535");
  }
  if (out.host.empty()) return fail("Redis address '" + std::string(text) + "' has no host");
  return out;
}

}  // namespace headrace::store
