// SPDX-License-Identifier: Apache-2.0
// The only file that includes msgpack.hpp: one visitor packs, one unpacks, for every message.
#include "wire/codec.hpp"

#include <msgpack.hpp>
#include <type_traits>

#include "model/containers.hpp"
#include "wire/event.hpp"
#include "wire/plan.hpp"
#include "wire/records.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::wire {
namespace {

struct StringBuffer {
  std::string bytes;
  void write(const char* data, std::size_t size) { bytes.append(data, size); }
};
using Pack = msgpack::packer<StringBuffer>;

template <class T>
concept Struct = requires(const T& t) {
  T::fields(t, [](const char*, const auto&) {});
};
template <class T>
concept Versioned = requires {
  T::kVersion;
};

template <class T>
struct IsId : std::false_type {};
template <class Tag>
struct IsId<Id<Tag>> : std::true_type {};

// ---- packing ----

void put(Pack& p, const json::Value& v) {
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

// ---- unpacking; every function answers false and fills `why` when the type is wrong ----

using Object = msgpack::object;
using msgpack::type::object_type;

bool get(const Object& o, json::Value& out, std::string& why, int depth = 0) {
  if (depth > json::kMaxDepth) return why = "nested too deep", false;
  switch (o.type) {
    case object_type::NIL:
      out = nullptr;
      return true;
    case object_type::BOOLEAN:
      out = o.via.boolean;
      return true;
    case object_type::POSITIVE_INTEGER:
      if (o.via.u64 > static_cast<std::uint64_t>(INT64_MAX)) return why = "integer too large", false;
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

bool get(const Object& o, Results& out, std::string& why) {
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

// Parses `bytes` whole; nothing when they are truncated, malformed or followed by more.
Result<msgpack::object_handle> parse(std::string_view bytes) {
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

}  // namespace

template <class Message>
std::string encode(const Message& message) {
  StringBuffer buffer;
  Pack packer(buffer);
  put(packer, message);
  return std::move(buffer.bytes);
}

template <class Message>
Result<Message> decode(std::string_view bytes) {
  auto handle = parse(bytes);
  if (!handle) return tl::unexpected(handle.error());
  Message out;
  std::string why;
  if (!get(handle->get(), out, why)) return fail(why);
  return out;
}

std::string encode_value(const json::Value& value) { return encode(value); }
Result<json::Value> decode_value(std::string_view bytes) {
  auto handle = parse(bytes);
  if (!handle) return tl::unexpected(handle.error());
  json::Value out;
  std::string why;
  if (!get(handle->get(), out, why)) return fail(why);
  return out;
}

#define HEADRACE_MESSAGE(T)              \
  template std::string encode(const T&); \
  template Result<T> decode(std::string_view)
HEADRACE_MESSAGE(Change);
HEADRACE_MESSAGE(Buildset);
HEADRACE_MESSAGE(StepRecord);
HEADRACE_MESSAGE(Build);
HEADRACE_MESSAGE(WorkerInfo);
HEADRACE_MESSAGE(BuildPlan);
HEADRACE_MESSAGE(Hello);
HEADRACE_MESSAGE(Welcome);
HEADRACE_MESSAGE(Rehello);
HEADRACE_MESSAGE(Ready);
HEADRACE_MESSAGE(Offer);
HEADRACE_MESSAGE(Accept);
HEADRACE_MESSAGE(Refuse);
HEADRACE_MESSAGE(Accepted);
HEADRACE_MESSAGE(Fenced);
HEADRACE_MESSAGE(Report);
HEADRACE_MESSAGE(Reported);
HEADRACE_MESSAGE(CallArguments);
HEADRACE_MESSAGE(Question);
HEADRACE_MESSAGE(Answer);
HEADRACE_MESSAGE(Heartbeat);
HEADRACE_MESSAGE(HeartbeatReply);
HEADRACE_MESSAGE(Goodbye);
#undef HEADRACE_MESSAGE

Result<Event> decode_event(std::string_view envelope, std::string_view body) {
  auto handle = parse(envelope);
  if (!handle) return tl::unexpected(handle.error());
  const Object& o = handle->get();
  Event e;
  std::string why;
  if (o.type != object_type::ARRAY || o.via.array.size != 6) return fail("event envelope is no array of six");
  const Object* part = o.via.array.ptr;
  // An empty Lua table cannot say whether it is a map; cmsgpack writes it as an array.
  const bool no_ids = part[5].type == object_type::ARRAY && part[5].via.array.size == 0;
  if (!get(part[0], e.number, why) || !get(part[1], e.tag, why) || !get(part[2], e.previous_tag, why) ||
      !get(part[3], e.topic, why) || !get(part[4], e.at_ms, why) || (!no_ids && !get(part[5], e.ids, why)))
    return fail("event envelope: " + why);
  if (e.number.value <= 0) return fail("event number " + std::to_string(e.number.value) + " is not positive");
  e.body = body;
  return e;
}

std::vector<std::string> to_frames(const Event& event, std::string_view envelope) {
  return {event.topic, std::to_string(event.number.value), std::string(envelope), event.body};
}

Result<Event> event_from_frames(const std::vector<std::string>& frames) {
  if (frames.size() != 4) return fail("an event has 4 frames, got " + std::to_string(frames.size()));
  auto e = decode_event(frames[2], frames[3]);
  if (e && std::to_string(e->number.value) != frames[1])
    return fail("event number in its frame is '" + frames[1] + "', in its envelope " +
                std::to_string(e->number.value));
  return e;
}

std::string encode_reason(const std::string& text) { return encode_value(json::Object{{"reason", text}}); }

std::string decode_reason(std::string_view packed) {
  const auto value = decode_value(packed);
  return value ? (*value)["reason"].string_or("") : "";
}

}  // namespace headrace::wire
