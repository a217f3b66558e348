// SPDX-License-Identifier: Apache-2.0
// One JSON value, and its way from and to text. Properties, payloads and REST answers are made of it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "result/result.hpp"

namespace headrace::json {

class Value;
using Array = std::vector<Value>;
using Object = std::map<std::string, Value, std::less<>>;

/// A JSON value. Integers keep 64 bits; every other number is a double. Object keys are sorted.
class Value {
 public:
  Value() = default;
  Value(std::nullptr_t) {}
  Value(bool b) : data_(b) {}
  Value(int i) : data_(std::int64_t{i}) {}
  Value(unsigned i) : data_(std::int64_t{i}) {}
  Value(long i) : data_(static_cast<std::int64_t>(i)) {}
  Value(long long i) : data_(static_cast<std::int64_t>(i)) {}
  Value(unsigned long i) : data_(static_cast<std::int64_t>(i)) {}
  Value(double d) : data_(d) {}
  Value(const char* s) : data_(std::string(s)) {}
  Value(std::string_view s) : data_(std::string(s)) {}
  Value(std::string s) : data_(std::move(s)) {}
  Value(Array a) : data_(std::move(a)) {}
  Value(Object o) : data_(std::move(o)) {}

  bool is_null() const { return data_.index() == 0; }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_int() const { return std::holds_alternative<std::int64_t>(data_); }
  bool is_double() const { return std::holds_alternative<double>(data_); }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return std::holds_alternative<std::string>(data_); }
  bool is_array() const { return std::holds_alternative<Array>(data_); }
  bool is_object() const { return std::holds_alternative<Object>(data_); }

  // Unchecked by type: call after is_…; a wrong type throws std::bad_variant_access.
  bool as_bool() const { return std::get<bool>(data_); }
  std::int64_t as_int() const { return std::get<std::int64_t>(data_); }
  double as_double() const { return is_int() ? static_cast<double>(as_int()) : std::get<double>(data_); }
  const std::string& as_string() const { return std::get<std::string>(data_); }
  const Array& as_array() const { return std::get<Array>(data_); }
  Array& as_array() { return std::get<Array>(data_); }
  const Object& as_object() const { return std::get<Object>(data_); }
  Object& as_object() { return std::get<Object>(data_); }

  /// The member `key` of an object; a null value when there is none or this is no object.
  const Value& operator[](std::string_view key) const;
  /// The member of a path such as "pull_request.head.sha"; null when any part is missing.
  const Value& at_path(std::string_view dotted) const;
  /// The text if this is a string, else `otherwise`.
  std::string string_or(std::string_view otherwise) const;
  std::int64_t int_or(std::int64_t otherwise) const;
  bool bool_or(bool otherwise) const;
  /// Python's and Buildbot's truth: null, false, 0, "", [] and {} are false.
  bool truthy() const;

  bool operator==(const Value&) const = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> data_;
};

/// Parses one JSON document (UTF-8, at most `kMaxDepth` levels deep).
/// Errors: the parser's reason and nothing else is read.
inline constexpr int kMaxDepth = 200;
[[nodiscard]] Result<Value> parse(std::string_view text);

/// Compact JSON, keys sorted. Bytes that are not UTF-8 become U+FFFD.
std::string write(const Value& value);
/// The same, indented by two blanks.
std::string write_indented(const Value& value);

/// `text` with every byte sequence that is not valid UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

}  // namespace headrace::json
