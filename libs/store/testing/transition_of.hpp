// SPDX-License-Identifier: Apache-2.0
// The struct that a call was made from: tests of pure cores look at its fields, not at positions of
// arguments.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "store/transitions/build.hpp"
#include "store/transitions/lease.hpp"
#include "store/transitions/log.hpp"
#include "wire/codec.hpp"

namespace headrace::store::testing {

/// The arguments of one call, taken in the order in which the transition wrote them.
class ArgumentReader {
 public:
  explicit ArgumentReader(const Call& call) : call_(call) {}

  const std::string& text() { return call_.args.at(next_++); }
  std::int64_t number() { return std::stoll(text()); }
  int small_number() { return static_cast<int>(number()); }
  template <class Tag>
  void id(Id<Tag>& out) {
    out.value = number();
  }
  template <class T>
  T record() {
    return wire::decode<T>(text()).value();
  }
  wire::Claim claim() {
    const RequestId request{number()};
    return {request, text()};
  }
  BuildId log_of() const { return call_.log_of; }

 private:
  const Call& call_;
  std::size_t next_ = 0;
};

inline void read(ArgumentReader& in, Tick& out) {
  out.clock = in.text() == "workers" ? LeaseClock::workers : LeaseClock::roles;
}

inline void read(ArgumentReader& in, WorkerHello& out) {
  out.worker = in.text();
  out.instance = in.text();
  out.dispatcher = in.text();
  out.lease = milliseconds(in.number());
  out.info = in.record<wire::WorkerInfo>();
  for (auto left = in.number(); left > 0; --left) out.held.push_back(in.claim());
  out.number = in.number();
  out.replaces = in.text();
}

inline void read(ArgumentReader& in, WorkerAnswers& out) {
  out.worker = in.text();
  in.id(out.session);
  out.challenge = in.number();
}

inline void read(ArgumentReader& in, WorkerRenew& out) {
  out.lease = milliseconds(in.number());
  for (auto left = in.number(); left > 0; --left) {
    auto& [worker, session] = out.sessions.emplace_back();
    worker = in.text();
    in.id(session);
  }
}

inline void read(ArgumentReader& in, WorkerGone& out) {
  out.worker = in.text();
  in.id(out.session);
  out.why = in.text() == "expired" ? WorkerGone::Why::expired : WorkerGone::Why::goodbye;
}

inline void read(ArgumentReader& in, Offer& out) {
  in.id(out.version);
  out.expiry = milliseconds(in.number());
  out.nonce = in.text();
  for (auto left = in.number(); left > 0; --left) {
    auto& pair = out.pairs.emplace_back();
    in.id(pair.request);
    pair.worker = in.text();
    in.id(pair.session);
    pair.slots = in.small_number();
    pair.max_per_worker = in.small_number();
  }
}

inline void read(ArgumentReader& in, Accept& out) {
  out.claim = in.claim();
  out.worker = in.text();
  in.id(out.session);
  out.build = in.record<wire::Build>();
}

inline void read(ArgumentReader& in, Release& out) {
  out.claim = in.claim();
  const auto& why = in.text();
  out.why = why == "refused"   ? Release::Why::refused
            : why == "expired" ? Release::Why::expired
                               : Release::Why::orphan;
}

inline Progress::Item read_item(ArgumentReader& in) {
  const auto& kind = in.text();
  if (kind == "properties") return Progress::Properties{in.record<wire::Build>().properties};
  if (kind == "finish") {
    in.number();  // the results, which stand in the record too
    return Progress::Finish{in.record<wire::Build>()};
  }
  in.number();  // the step's number, the same
  in.number();  // and whether it has results
  return Progress::Step{in.record<wire::StepRecord>()};
}

inline void read(ArgumentReader& in, Progress& out) {
  out.claim = in.claim();
  out.sequence = in.number();
  for (auto left = in.number(); left > 0; --left) out.items.push_back(read_item(in));
}

inline void read(ArgumentReader& in, BuildLost& out) {
  out.claim = in.claim();
  out.max_attempts = in.small_number();
  in.number();  // the results, which stand in the record too
  out.build = in.record<wire::Build>();
}

inline void read(ArgumentReader& in, StoreAnswer& out) {
  out.claim = in.claim();
  out.question = in.number();
  out.answer = wire::decode_value(in.text()).value().as_object();
}

inline void read(ArgumentReader& in, LogAppend& out) {
  out.build = in.log_of();
  out.nonce = in.text();
  const auto& name = in.text();
  out.log = {std::stoi(name), std::stoi(name.substr(name.find('.') + 1))};
  out.offset_bytes = in.number();
  out.size_bytes = in.number();
  out.lines = in.number();
  out.crc_after = static_cast<std::uint32_t>(in.number());
  out.chunk = in.text();
}

/// The transition that made this call. Throws if the call is of another one, or says anything that the
/// struct does not hold: then the struct would make another call.
template <class Transition>
Transition transition_of(const Call& call) {
  const auto wanted = std::string(Transition::kFunction);
  if (!call.is<Transition>()) throw std::logic_error("a call of " + call.function + ", not of " + wanted);
  Transition out;
  ArgumentReader in(call);
  read(in, out);
  if (out.call().args != call.args) throw std::logic_error("this call of " + wanted + " was made otherwise");
  return out;
}

}  // namespace headrace::store::testing
