// SPDX-License-Identifier: Apache-2.0
// The fields of a declaration that only the kind itself reads: a scheduler's tree_stable_timer, a mail's
// relay.
//
// libs/config knows no kind. It checks the fields of a declaration by the vocabulary's types, fills in the
// vocabulary's defaults, and passes the fields that are not common to the family on as Options. The kind
// binds them to a struct of its own, which has the same visitor as the structs of libs/wire:
//
//   struct BranchOptions {
//     milliseconds tree_stable_timer{0};
//     template <class S, class F>
//     static void fields(S& s, F&& f) { f("tree_stable_timer", s.tree_stable_timer); }
//   };
//   const auto branch = scheduler.options.as<BranchOptions>();
//
// The types were checked before, so a member of the wrong type is a bug and throws. An option that has
// neither a value nor a default leaves its member as it is in the struct.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "json/value.hpp"
#include "model/containers.hpp"
#include "model/property.hpp"

namespace headrace::config {

struct Word;

/// Index of a Lua function of this configuration; 0: none.
using FunctionId = std::int64_t;

/// A text, or the function that gives the text.
struct TextOrFunction {
  std::string text;
  FunctionId function = 0;

  bool operator==(const TextOrFunction&) const = default;
};
void read_option(const json::Value& value, TextOrFunction& to);

template <class T>
void bind(const json::Object& fields, T& to);

namespace detail {
struct Anything {
  template <class M>
  void operator()(std::string_view, M&) const {}
};
template <class T>
concept HasFields = requires(T& t, Anything f) {
  T::fields(t, f);
};
}  // namespace detail

/// Reads a checked value into a member of type T. Any other type needs fields(), or an overload
/// `void read_option(const json::Value&, T&)` in the type's namespace.
template <class T>
void read_value(const json::Value& value, T& to) {
  if constexpr (std::is_same_v<T, json::Value>) {
    to = value;
  } else if constexpr (std::is_same_v<T, std::string>) {
    to = value.as_string();
  } else if constexpr (std::is_same_v<T, bool>) {
    to = value.as_bool();
  } else if constexpr (std::is_integral_v<T>) {
    const auto& function = value["$question"];  // FunctionId
    to = static_cast<T>(function.is_int() ? function.as_int() : value.as_int());
  } else if constexpr (std::is_enum_v<T>) {
    to = static_cast<T>(value.as_int());
  } else if constexpr (std::is_same_v<T, std::chrono::milliseconds>) {
    to = std::chrono::milliseconds(value.as_int());
  } else if constexpr (std::is_same_v<T, Property>) {
    to.value = value;
  } else if constexpr (IsOptional<T>::value) {
    to.reset();
    // In an optional of an optional, the outer one says whether the field was given.
    if (!value.is_null() || IsOptional<typename T::value_type>::value) read_value(value, to.emplace());
  } else if constexpr (IsVector<T>::value) {
    to.clear();
    for (const auto& item : value.as_array()) read_value(item, to.emplace_back());
  } else if constexpr (IsMap<T>::value) {
    to.clear();
    for (const auto& [key, item] : value.as_object()) {
      if constexpr (std::is_integral_v<typename T::key_type>) {
        read_value(item, to[static_cast<typename T::key_type>(std::stoll(key))]);
      } else {
        read_value(item, to[key]);
      }
    }
  } else if constexpr (detail::HasFields<T>) {
    bind(value.as_object(), to);
  } else {
    read_option(value, to);
  }
}

/// Fills the members of `to` that have a value in `fields`.
template <class T>
void bind(const json::Object& fields, T& to) {
  T::fields(to, [&](std::string_view name, auto& member) {
    if (const auto it = fields.find(name); it != fields.end()) read_value(it->second, member);
  });
}

class Options {
 public:
  Options() = default;
  /// Options without a word, for tests: any name may be asked for.
  Options(json::Object values) : values_(std::move(values)) {}
  Options(json::Object values, const Word& word) : values_(std::move(values)), word_(&word) {}

  /// Checked values by name, with the defaults. Functions are {"$question": N}.
  const json::Object& values() const { return values_; }
  /// Null when the option was not given and has no default.
  const json::Value* find(std::string_view name) const {
    const auto it = values_.find(name);
    return it == values_.end() ? nullptr : &it->second;
  }

  /// Exceptions: logic_error when T names an option that the vocabulary does not have.
  template <class T>
  T as() const {
    T to{};
    T::fields(to, [&](std::string_view name, auto& member) {
      must_know(name);
      if (const auto* value = find(name)) read_value(*value, member);
    });
    return to;
  }

  bool operator==(const Options& other) const { return values_ == other.values_; }

 private:
  void must_know(std::string_view name) const;

  json::Object values_;
  const Word* word_ = nullptr;  ///< a row of the vocabulary, which lives as long as the process
};

}  // namespace headrace::config
