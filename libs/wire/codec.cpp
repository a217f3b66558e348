// SPDX-License-Identifier: Apache-2.0
#include "wire/codec.hpp"

#include "wire/pack.hpp"
#include "wire/plan.hpp"
#include "wire/records.hpp"
#include "wire/unpack.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::wire {

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
HEADRACE_MESSAGE(Probe);
HEADRACE_MESSAGE(Goodbye);
#undef HEADRACE_MESSAGE

std::string encode_reason(const std::string& text) { return encode_value(json::Object{{"reason", text}}); }

std::string decode_reason(std::string_view packed) {
  const auto value = decode_value(packed);
  return value ? (*value)["reason"].string_or("") : "";
}

}  // namespace headrace::wire
