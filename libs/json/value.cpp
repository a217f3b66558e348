// SPDX-License-Identifier: Apache-2.0
#include "json/value.hpp"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <simdjson.h>

#include <cmath>

#include "json/bounded_parse.hpp"
#include "limits/limits.hpp"

namespace headrace::json {
namespace {

const Value kNull;

Result<Value> convert(const simdjson::dom::element& e, int depth) {
  using simdjson::dom::element_type;
  if (depth > kMaxDepth) return fail("JSON nested deeper than " + std::to_string(kMaxDepth) + " levels");
  switch (e.type()) {
    case element_type::NULL_VALUE:
      return Value();
    case element_type::BOOL:
      return Value(bool(e));
    case element_type::INT64:
      return Value(std::int64_t(e));
    case element_type::UINT64:
      return Value(static_cast<double>(std::uint64_t(e)));
    case element_type::DOUBLE:
      return Value(double(e));
    case element_type::STRING:
      return Value(std::string_view(e));
    case element_type::ARRAY: {
      Array out;
      for (auto child : simdjson::dom::array(e)) {
        auto v = convert(child, depth + 1);
        if (!v) return v;
        out.push_back(std::move(*v));
      }
      return Value(std::move(out));
    }
    case element_type::OBJECT: {
      Object out;
      for (auto [key, child] : simdjson::dom::object(e)) {
        auto v = convert(child, depth + 1);
        if (!v) return v;
        out.insert_or_assign(std::string(key), std::move(*v));
      }
      return Value(std::move(out));
    }
  }
  return fail("unknown JSON type");
}

template <class Writer>
void emit(Writer& w, const Value& v) {
  if (v.is_null()) {
    w.Null();
  } else if (v.is_bool()) {
    w.Bool(v.as_bool());
  } else if (v.is_int()) {
    w.Int64(v.as_int());
  } else if (v.is_double()) {
    // JSON has no infinities; null is what browsers write for them.
    if (std::isfinite(v.as_double())) {
      w.Double(v.as_double());
    } else {
      w.Null();
    }
  } else if (v.is_string()) {
    const std::string s = valid_utf8(v.as_string());
    w.String(s.data(), static_cast<rapidjson::SizeType>(s.size()));
  } else if (v.is_array()) {
    w.StartArray();
    for (const auto& x : v.as_array()) emit(w, x);
    w.EndArray();
  } else {
    w.StartObject();
    for (const auto& [k, x] : v.as_object()) {
      const std::string key = valid_utf8(k);
      w.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
      emit(w, x);
    }
    w.EndObject();
  }
}

constexpr std::size_t kLargeText = 256 * limits::kKiB;

// At least as many as the text has values and keys: what separates them is counted, outside of texts.
std::size_t values_in(std::string_view text) {
  std::size_t count = 1;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"')
      quoted = !quoted;
    else if (quoted && c == '\\')
      ++i;
    else if (!quoted && (c == ',' || c == ':' || c == '[' || c == '{'))
      ++count;
  }
  return count;
}

Result<Value> parse_with(simdjson::dom::parser& parser, std::string_view text) {
  simdjson::dom::element root;
  const auto error = parser.parse(text.data(), text.size()).get(root);
  if (error) return fail(std::string("invalid JSON: ") + simdjson::error_message(error));
  return convert(root, 0);
}

// Length of the valid UTF-8 sequence at the start of `s` (1–4), 0 when there is none.
std::size_t sequence_length(std::string_view s) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const auto follows = [&](std::size_t i) { return i < s.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned char c = byte(0);
  if (c < 0x80) return 1;
  if (c >= 0xC2 && c <= 0xDF) return follows(1) ? 2 : 0;
  if (c >= 0xE0 && c <= 0xEF) {
    if (!follows(1) || !follows(2)) return 0;
    if (c == 0xE0 && byte(1) < 0xA0) return 0;
    if (c == 0xED && byte(1) > 0x9F) return 0;  // surrogates
    return 3;
  }
  if (c >= 0xF0 && c <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if (c == 0xF0 && byte(1) < 0x90) return 0;
    if (c == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

}  // namespace

const Value& Value::operator[](std::string_view key) const {
  if (!is_object()) return kNull;
  const auto& o = as_object();
  const auto it = o.find(key);
  return it == o.end() ? kNull : it->second;
}

const Value& Value::at_path(std::string_view dotted) const {
  const Value* v = this;
  while (true) {
    const auto dot = dotted.find('.');
    v = &(*v)[dotted.substr(0, dot)];
    if (dot == std::string_view::npos) return *v;
    dotted.remove_prefix(dot + 1);
  }
}

std::string Value::string_or(std::string_view otherwise) const {
  return is_string() ? as_string() : std::string(otherwise);
}
std::int64_t Value::int_or(std::int64_t otherwise) const { return is_int() ? as_int() : otherwise; }
bool Value::bool_or(bool otherwise) const { return is_bool() ? as_bool() : otherwise; }

bool Value::truthy() const {
  if (is_null()) return false;
  if (is_bool()) return as_bool();
  if (is_number()) return as_double() != 0;
  if (is_string()) return !as_string().empty();
  if (is_array()) return !as_array().empty();
  return !as_object().empty();
}

Result<Value> parse(std::string_view text) { return parse_bounded(text, limits::kJsonValues); }

Result<Value> parse_bounded(std::string_view text, std::size_t max_values) {
  if (values_in(text) > max_values)
    return fail("invalid JSON: more than " + std::to_string(max_values) + " values");
  // The parser keeps memory of some times the largest text that it has seen: that of a large text goes again.
  if (text.size() > kLargeText) {
    simdjson::dom::parser large;
    return parse_with(large, text);
  }
  thread_local simdjson::dom::parser parser;
  return parse_with(parser, text);
}

std::string write(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  emit(writer, value);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string write_indented(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', 2);
  emit(writer, value);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string valid_utf8(std::string_view text) {
  if (simdjson::validate_utf8(text.data(), text.size())) return std::string(text);
  std::string out;
  out.reserve(text.size() + 16);
  while (!text.empty()) {
    const auto n = sequence_length(text);
    if (n == 0) {
      out += "\xEF\xBF\xBD";
      text.remove_prefix(1);
    } else {
      out.append(text.substr(0, n));
      text.remove_prefix(n);
    }
  }
  return out;
}

}  // namespace headrace::json
