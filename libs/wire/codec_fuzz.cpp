// SPDX-License-Identifier: Apache-2.0
// libFuzzer's entry: whatever bytes come, every decoder answers, and what it accepts is written back alike.
//   CXX=clang++ cmake --preset asan -B build/fuzz -DHEADRACE_FUZZ=ON -DHEADRACE_WERROR=OFF
//   -DBUILD_TESTING=OFF ninja -C build/fuzz codec_fuzz && build/fuzz/bin/codec_fuzz -max_total_time=60
#include <cstdlib>

#include "wire/codec.hpp"
#include "wire/event.hpp"
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
    if (!again || encode(*again) != written) std::abort();
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
  decode_all<Report, Reported, Question, Answer, Heartbeat, HeartbeatReply, Goodbye>(bytes);
  (void)decode_value(bytes);
  (void)decode_event(bytes, {});
  return 0;
}
