// SPDX-License-Identifier: Apache-2.0
// Events as the log in Redis and the bus give them: envelope and body, and the record that the topic means.
#include "fuzz/input.hpp"
#include "wire/event.hpp"
#include "wire/events.hpp"

namespace headrace::wire {
namespace {

void read_body(const Event& event) {
  std::visit(On{[](const ChangeNew& e) { (void)e.change(); }, [](const BuildsetNew& e) { (void)e.set(); },
                [](const RequestComplete& e) { (void)e.reason(); },
                [](const RequestCancelWanted& e) { (void)e.reason(); },
                [](const BuildNew& e) { (void)e.build(); }, [](const BuildFinished& e) { (void)e.build(); },
                [](const StepStarted& e) { (void)e.step(); }, [](const StepFinished& e) { (void)e.step(); },
                [](const BuildPropertiesChanged& e) { (void)e.properties(); },
                [](const WorkerConnected& e) { (void)e.info(); }, [](const auto&) {}},
             read_event(event));
}

}  // namespace
}  // namespace headrace::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace::wire;
  headrace::fuzz::Input input(data, size);
  const unsigned length = input.byte();
  const std::string envelope(input.bytes(length));
  const std::string body(input.rest());
  if (const auto event = decode_event(envelope, body)) {
    read_body(*event);
    const auto again = event_from_frames(to_frames(*event, envelope));
    headrace::fuzz::expect(again && again->topic == event->topic && again->number == event->number &&
                           again->body == event->body);
  }
  (void)event_from_frames({envelope.substr(0, 10), envelope, body});
  return 0;
}
