// SPDX-License-Identifier: Apache-2.0
#include "wire/events.hpp"

#include <array>

#include "wire/codec.hpp"

namespace headrace::wire {
namespace {

template <class IdType>
IdType id_of(const Event& event, std::string_view name) {
  return {event.id(name)};
}

Results results_of(const Event& event) {
  return results_from_int(event.id("results")).value_or(Results::exception);
}

// What stands behind the topic's own words: the builder's or the worker's name.
std::string_view rest_of(const Event& event, std::string_view topic) {
  return event.topic.size() > topic.size() ? std::string_view(event.topic).substr(topic.size() + 1)
                                           : std::string_view();
}

AnyEvent change_new(const Event& e, std::string_view) {
  return ChangeNew{id_of<ChangeId>(e, "changeid"), e.body};
}

AnyEvent buildset_new(const Event& e, std::string_view) {
  return BuildsetNew{id_of<BuildsetId>(e, "bsid"), id_of<RequestId>(e, "first_request"), e.at_ms, e.body};
}

AnyEvent buildset_complete(const Event& e, std::string_view) {
  return BuildsetComplete{id_of<BuildsetId>(e, "bsid"), results_of(e)};
}

AnyEvent request_pending(const Event& e, std::string_view) {
  return RequestPending{id_of<RequestId>(e, "request"), id_of<BuildId>(e, "buildid")};
}

AnyEvent request_complete(const Event& e, std::string_view) {
  return RequestComplete{id_of<RequestId>(e, "request"), id_of<BuildsetId>(e, "bsid"), results_of(e), e.body};
}

AnyEvent request_cancel(const Event& e, std::string_view) {
  return RequestCancelWanted{id_of<RequestId>(e, "request"), id_of<BuildId>(e, "buildid"), e.body};
}

AnyEvent build_new(const Event& e, std::string_view topic) {
  return BuildNew{id_of<BuildId>(e, "buildid"),
                  e.id("number"),
                  id_of<RequestId>(e, "request"),
                  id_of<BuildsetId>(e, "bsid"),
                  static_cast<int>(e.id("attempt")),
                  e.at_ms,
                  rest_of(e, topic),
                  e.body};
}

AnyEvent build_finished(const Event& e, std::string_view topic) {
  BuildFinished out;
  out.id = id_of<BuildId>(e, "buildid");
  out.number = e.id("number");
  out.request = id_of<RequestId>(e, "request");
  out.buildset = id_of<BuildsetId>(e, "bsid");
  out.attempt = static_cast<int>(e.id("attempt"));
  out.started_ms = e.id("started");
  out.at_ms = e.at_ms;
  out.results = results_of(e);
  if (e.ids.contains("previous")) out.previous = results_from_int(e.id("previous"));  // -1: none
  out.builder = rest_of(e, topic);
  out.body = e.body;
  return out;
}

template <class StepEvent>
AnyEvent step_event(const Event& e, std::string_view topic) {
  return StepEvent{id_of<BuildId>(e, "buildid"), static_cast<int>(e.id("step")), rest_of(e, topic), e.body};
}

AnyEvent build_properties(const Event& e, std::string_view topic) {
  return BuildPropertiesChanged{id_of<BuildId>(e, "buildid"), rest_of(e, topic), e.body};
}

AnyEvent worker_connected(const Event& e, std::string_view topic) {
  return WorkerConnected{rest_of(e, topic), id_of<SessionId>(e, "session"), e.id("taken_over") == 1, e.body};
}

AnyEvent worker_challenged(const Event& e, std::string_view topic) {
  return WorkerChallenged{rest_of(e, topic), id_of<SessionId>(e, "session"), e.id("challenge")};
}

AnyEvent worker_disconnected(const Event& e, std::string_view topic) {
  return WorkerDisconnected{rest_of(e, topic), id_of<SessionId>(e, "session")};
}

AnyEvent poller_state(const Event& e, std::string_view topic) {
  return PollerState{rest_of(e, topic), e.body};
}

AnyEvent config_applied(const Event& e, std::string_view) {
  return ConfigApplied{id_of<ConfigVersion>(e, "version")};
}

AnyEvent keys_changed(const Event&, std::string_view) { return KeysChanged{}; }

struct Topic {
  std::string_view name;
  AnyEvent (*read)(const Event&, std::string_view topic);
};

constexpr std::array kTopics{
    Topic{"change.new", change_new},
    Topic{"buildset.new", buildset_new},
    Topic{"buildset.complete", buildset_complete},
    Topic{"request.pending", request_pending},
    Topic{"request.complete", request_complete},
    Topic{"request.cancel", request_cancel},
    Topic{"build.new", build_new},
    Topic{"build.finished", build_finished},
    Topic{"step.started", step_event<StepStarted>},
    Topic{"step.finished", step_event<StepFinished>},
    Topic{"build.properties", build_properties},
    Topic{"worker.connected", worker_connected},
    Topic{"worker.challenged", worker_challenged},
    Topic{"worker.disconnected", worker_disconnected},
    Topic{"poller.state", poller_state},
    Topic{"config.applied", config_applied},
    Topic{"keys.changed", keys_changed},
};

}  // namespace

Result<Change> ChangeNew::change() const {
  auto out = decode<Change>(body);
  if (out) out->id = id;
  return out;
}

Result<Buildset> BuildsetNew::set() const {
  auto out = decode<Buildset>(body);
  if (!out) return out;
  out->id = id;
  out->submitted_ms = at_ms;
  RequestId request = first_request;
  for (auto& one : out->requests) one.id.value = request.value++;
  return out;
}

std::string RequestComplete::reason() const { return decode_reason(body); }
std::string PollerState::problem() const { return body.empty() ? "" : decode_reason(body); }
std::string RequestCancelWanted::reason() const { return decode_reason(body); }

Result<Build> BuildNew::build() const {
  auto out = decode<Build>(body);
  if (!out) return out;
  out->id = id;
  out->number = number;
  out->attempt = attempt;
  if (request) out->request = request;
  out->started_ms = at_ms;
  return out;
}

Result<Build> BuildFinished::build() const {
  auto out = decode<Build>(body);
  if (!out) return out;
  out->id = id;
  out->number = number;
  out->attempt = attempt;
  if (request) out->request = request;
  if (started_ms) out->started_ms = started_ms;
  return out;
}

Result<StepRecord> StepStarted::step() const { return decode<StepRecord>(body); }
Result<StepRecord> StepFinished::step() const { return decode<StepRecord>(body); }

Result<Properties> BuildPropertiesChanged::properties() const {
  auto record = decode<Build>(body);
  if (!record) return tl::unexpected(record.error());
  return std::move(record->properties);
}

Result<WorkerInfo> WorkerConnected::info() const { return decode<WorkerInfo>(body); }

AnyEvent read_event(const Event& event) {
  for (const auto& topic : kTopics)
    if (event.is(topic.name)) return topic.read(event, topic.name);
  return UnknownEvent{};
}

}  // namespace headrace::wire
