// SPDX-License-Identifier: Apache-2.0
// MessagePack to any value of a message; inside libs/wire only.
#pragma once

#include <cstdint>
#include <msgpack.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "json/value.hpp"
#include "model/containers.hpp"
#include "model/property.hpp"
#include "model/results.hpp"
#include "result/result.hpp"
#include "wire/bytes.hpp"
#include "wire/fields.hpp"

namespace headrace::wire {

using Object = msgpack::object;
using msgpack::type::object_type;

// Each `get` answers false and fills `why` when the type is wrong.

inline bool get(const Object& o, json::Value& out, std::string& why, int depth = 0) {
  if (depth > json::kMaxDepth) return why = "nested too deep", false;
  switch (o.type) {
    case object_type::NIL:
      out = nullptr;
      return true;
    case object_type::BOOLEAN:
      out = o.via.boolean;
      return true;
    case object_type::POSITIVE_INTEGER:
      // msgpack writes a double without a fraction as an integer. What no std::int64_t holds was one.
      if (o.via.u64 > static_cast<std::uint64_t>(INT64_MAX))
        out = static_cast<double>(o.via.u64);
      else
        out = static_cast<std::int64_t>(o.via.u64);
      return true;
    case object_type::NEGATIVE_INTEGER:
      out = static_cast<std::int64_t>(o.via.i64);
      return true;
    case object_type::FLOAT32:
    case object_type::FLOAT64:
      out = o.via.f64;
      return true;
    case object_type::STR:
      out = std::string(o.via.str.ptr, o.via.str.size);
      return true;
    case object_type::ARRAY: {
      json::Array a(o.via.array.size);
      for (std::size_t i = 0; i < a.size(); ++i)
        if (!get(o.via.array.ptr[i], a[i], why, depth + 1)) return false;
      out = std::move(a);
      return true;
    }
    case object_type::MAP: {
      json::Object m;
      for (std::size_t i = 0; i < o.via.map.size; ++i) {
        const auto& kv = o.via.map.ptr[i];
        if (kv.key.type != object_type::STR) return why = "map key is no string", false;
        if (!get(kv.val, m[std::string(kv.key.via.str.ptr, kv.key.via.str.size)], why, depth + 1))
          return false;
      }
      out = std::move(m);
      return true;
    }
    case object_type::BIN:
    case object_type::EXT:
      break;
  }
  return why = "binary where a JSON value was expected", false;
}

inline bool get(const Object& o, Results& out, std::string& why) {
  if (o.type == object_type::POSITIVE_INTEGER && o.via.u64 <= 6)
    return out = static_cast<Results>(o.via.u64), true;
  return why = "no result code 0 to 6", false;
}

template <class T>
bool get(const Object& o, T& out, std::string& why) {
  if constexpr (std::is_same_v<T, bool>) {
    if (o.type != object_type::BOOLEAN) return why = "no boolean", false;
    out = o.via.boolean;
    return true;
  } else if constexpr (std::is_integral_v<T>) {
    std::int64_t wide = 0;
    if (o.type == object_type::POSITIVE_INTEGER && o.via.u64 <= static_cast<std::uint64_t>(INT64_MAX)) {
      wide = static_cast<std::int64_t>(o.via.u64);
    } else if (o.type == object_type::NEGATIVE_INTEGER) {
      wide = o.via.i64;
    } else {
      return why = "no integer", false;
    }
    out = static_cast<T>(wide);
    if (static_cast<std::int64_t>(out) != wide) return why = "integer out of range", false;
    return true;
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, Bytes>) {
    if (o.type == object_type::STR) return out.assign(o.via.str.ptr, o.via.str.size), true;
    if (o.type == object_type::BIN) return out.assign(o.via.bin.ptr, o.via.bin.size), true;
    return why = "no string", false;
  } else if constexpr (IsId<T>::value) {
    return get(o, out.value, why);
  } else if constexpr (std::is_same_v<T, Property>) {
    if (o.type != object_type::ARRAY || o.via.array.size != 2) return why = "no [value, source] pair", false;
    return get(o.via.array.ptr[0], out.value, why) && get(o.via.array.ptr[1], out.source, why);
  } else if constexpr (IsOptional<T>::value) {
    if (o.type == object_type::NIL) return out.reset(), true;
    out = typename T::value_type{};
    return get(o, *out, why);
  } else if constexpr (IsVector<T>::value) {
    if (o.type != object_type::ARRAY) return why = "no array", false;
    out.clear();
    out.resize(o.via.array.size);
    for (std::size_t i = 0; i < out.size(); ++i)
      if (!get(o.via.array.ptr[i], out[i], why)) return false;
    return true;
  } else if constexpr (IsMap<T>::value) {
    if (o.type != object_type::MAP) return why = "no map", false;
    out.clear();
    for (std::size_t i = 0; i < o.via.map.size; ++i) {
      typename T::key_type key{};
      if (!get(o.via.map.ptr[i].key, key, why)) return false;
      if (!get(o.via.map.ptr[i].val, out[std::move(key)], why)) return false;
    }
    return true;
  } else {
    static_assert(Struct<T>);
    if (o.type != object_type::MAP) return why = "no map", false;
    const auto find = [&](std::string_view name) -> const Object* {
      for (std::size_t i = 0; i < o.via.map.size; ++i) {
        const auto& k = o.via.map.ptr[i].key;
        if (k.type == object_type::STR && std::string_view(k.via.str.ptr, k.via.str.size) == name)
          return &o.via.map.ptr[i].val;
      }
      return nullptr;
    };
    if constexpr (Versioned<T>) {
      const Object* v = find("v");
      std::int64_t version = 0;
      if (!v || !get(*v, version, why)) return why = "field v: no version", false;
      if (version != T::kVersion)
        return why = "version " + std::to_string(version) + " where " + std::to_string(T::kVersion) +
                     " is known",
               false;
    }
    bool good = true;
    T::fields(out, [&](const char* name, auto& member) {
      if (!good) return;
      const Object* found = find(name);
      if (found && !get(*found, member, why)) {
        why = std::string(name) + ": " + why;
        good = false;
      }
    });
    return good;
  }
}

/// The value that `bytes` are. Errors: truncated, malformed, followed by more bytes.
inline Result<msgpack::object_handle> parse(std::string_view bytes) {
  try {
    // No container can have more elements than the message has bytes, so a forged count cannot
    // allocate more than a small multiple of what was received.
    const std::size_t n = bytes.size();
    const msgpack::unpack_limit limit(n, n, n, n, n, json::kMaxDepth);
    std::size_t used = 0;
    auto handle = msgpack::unpack(bytes.data(), bytes.size(), used, nullptr, nullptr, limit);
    if (used != bytes.size()) return fail("trailing bytes after a MessagePack value");
    return handle;
  } catch (const msgpack::unpack_error& e) {
    return fail(std::string("invalid MessagePack: ") + e.what());
  }
}

}  // namespace headrace::wire
