// SPDX-License-Identifier: Apache-2.0
// Any value of a message to MessagePack; inside libs/wire only.
#pragma once

#include <msgpack.hpp>
#include <string>
#include <type_traits>

#include "json/value.hpp"
#include "model/containers.hpp"
#include "model/property.hpp"
#include "model/results.hpp"
#include "wire/bytes.hpp"
#include "wire/fields.hpp"

namespace headrace::wire {

struct StringBuffer {
  std::string bytes;
  void write(const char* data, std::size_t size) { bytes.append(data, size); }
};
using Pack = msgpack::packer<StringBuffer>;

inline void put(Pack& p, const json::Value& v) {
  if (v.is_null()) {
    p.pack_nil();
  } else if (v.is_bool()) {
    v.as_bool() ? p.pack_true() : p.pack_false();
  } else if (v.is_int()) {
    p.pack_int64(v.as_int());
  } else if (v.is_double()) {
    p.pack_double(v.as_double());
  } else if (v.is_string()) {
    const auto& s = v.as_string();
    p.pack_str(static_cast<std::uint32_t>(s.size()))
        .pack_str_body(s.data(), static_cast<std::uint32_t>(s.size()));
  } else if (v.is_array()) {
    p.pack_array(static_cast<std::uint32_t>(v.as_array().size()));
    for (const auto& x : v.as_array()) put(p, x);
  } else {
    p.pack_map(static_cast<std::uint32_t>(v.as_object().size()));
    for (const auto& [k, x] : v.as_object()) put(p, json::Value(k)), put(p, x);
  }
}

template <class T>
void put(Pack& p, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    value ? p.pack_true() : p.pack_false();
  } else if constexpr (std::is_same_v<T, Results>) {
    p.pack_int64(static_cast<std::int64_t>(value));
  } else if constexpr (std::is_integral_v<T>) {
    p.pack_int64(value);
  } else if constexpr (std::is_same_v<T, Bytes>) {
    p.pack_bin(static_cast<std::uint32_t>(value.size()))
        .pack_bin_body(value.data(), static_cast<std::uint32_t>(value.size()));
  } else if constexpr (std::is_same_v<T, std::string>) {
    p.pack_str(static_cast<std::uint32_t>(value.size()))
        .pack_str_body(value.data(), static_cast<std::uint32_t>(value.size()));
  } else if constexpr (IsId<T>::value) {
    p.pack_int64(value.value);
  } else if constexpr (std::is_same_v<T, Property>) {
    p.pack_array(2);
    put(p, value.value);
    put(p, value.source);
  } else if constexpr (IsOptional<T>::value) {
    if (value) {
      put(p, *value);
    } else {
      p.pack_nil();
    }
  } else if constexpr (IsVector<T>::value) {
    p.pack_array(static_cast<std::uint32_t>(value.size()));
    for (const auto& x : value) put(p, x);
  } else if constexpr (IsMap<T>::value) {
    p.pack_map(static_cast<std::uint32_t>(value.size()));
    for (const auto& [k, x] : value) put(p, k), put(p, x);
  } else {
    static_assert(Struct<T>);
    std::uint32_t count = Versioned<T> ? 1 : 0;
    T::fields(value, [&](const char*, const auto&) { ++count; });
    p.pack_map(count);
    if constexpr (Versioned<T>) put(p, std::string("v")), p.pack_int64(T::kVersion);
    T::fields(value, [&](const char* name, const auto& member) {
      put(p, std::string(name));
      put(p, member);
    });
  }
}

}  // namespace headrace::wire
