// SPDX-License-Identifier: Apache-2.0
// Records and messages in MessagePack: whatever bytes come, every decoder answers, and what it accepts is
// written back alike.
#include "fuzz/input.hpp"
#include "wire/codec.hpp"
#include "wire/plan.hpp"
#include "wire/records.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::wire {
namespace {

template <class... Messages>
void decode_all(std::string_view bytes) {
  const auto one = [&]<class M>(Result<M> message) {
    if (!message) return;
    const auto written = encode(*message);
    const auto again = decode<M>(written);
    fuzz::expect(again && encode(*again) == written);
  };
  (one(decode<Messages>(bytes)), ...);
}

}  // namespace
}  // namespace headrace::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace::wire;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  decode_all<Change, Buildset, StepRecord, Build, WorkerInfo, BuildPlan, CallArguments>(bytes);
  decode_all<Hello, Welcome, Rehello, Ready, Offer, Accept, Refuse, Accepted, Fenced>(bytes);
  decode_all<Report, Reported, Question, Answer, Heartbeat, HeartbeatReply, Probe, Goodbye>(bytes);
  (void)decode_reason(bytes);
  if (const auto value = decode_value(bytes)) {
    const auto again = decode_value(encode_value(*value));
    headrace::fuzz::expect(again && encode_value(*again) == encode_value(*value));
  }
  return 0;
}
