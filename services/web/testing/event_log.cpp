// SPDX-License-Identifier: Apache-2.0
#include "web/testing/event_log.hpp"

#include "wire/codec.hpp"

namespace headrace::web {

void EventLog::add(std::string topic, std::map<std::string, std::int64_t, std::less<>> ids,
                   std::string body) {
  wire::Event e;
  e.number = {++number_};
  e.previous_tag = tag_;
  e.tag = tag_ = "tag" + std::to_string(number_);
  e.topic = std::move(topic);
  e.at_ms = now_ms += 1000;
  e.ids = std::move(ids);
  e.body = std::move(body);
  events_.push_back(std::move(e));
}

void EventLog::change(std::int64_t id, const wire::Change& c) {
  add("change.new", {{"changeid", id}}, wire::encode(c));
}

void EventLog::buildset(std::int64_t bsid, std::int64_t first_request, const wire::Buildset& b) {
  add("buildset.new", {{"bsid", bsid}, {"first_request", first_request}}, wire::encode(b));
}

void EventLog::build_new(std::int64_t id, std::int64_t number, std::int64_t attempt, const wire::Build& b) {
  add("build.new." + b.builder,
      {{"buildid", id}, {"number", number}, {"request", b.request.value}, {"attempt", attempt}},
      wire::encode(b));
}

void EventLog::build_finished(std::int64_t id, std::int64_t number, std::int64_t attempt,
                              const wire::Build& b) {
  add("build.finished." + b.builder,
      {{"buildid", id},
       {"number", number},
       {"request", b.request.value},
       {"attempt", attempt},
       {"results", static_cast<std::int64_t>(b.results.value_or(Results::success))}},
      wire::encode(b));
}

void EventLog::step(std::int64_t build, const std::string& builder, const wire::StepRecord& s) {
  add((s.results ? "step.finished." : "step.started.") + builder, {{"buildid", build}, {"step", s.number}},
      wire::encode(s));
}

void EventLog::request_pending(std::int64_t request, std::int64_t build) {
  add("request.pending", {{"request", request}, {"buildid", build}});
}

void EventLog::request_cancel(std::int64_t request, std::int64_t build, const std::string& reason) {
  add("request.cancel", {{"request", request}, {"buildid", build}},
      wire::encode_value(json::Object{{"reason", reason}}));
}

void EventLog::request_cancelled(std::int64_t request, const std::string& reason) {
  add("request.complete", {{"request", request}, {"results", static_cast<std::int64_t>(Results::cancelled)}},
      wire::encode_value(json::Object{{"reason", reason}}));
}

void EventLog::build_properties(std::int64_t id, const wire::Build& b) {
  add("build.properties." + b.builder, {{"buildid", id}}, wire::encode(b));
}

void EventLog::worker_connected(std::int64_t session, const wire::WorkerInfo& info) {
  add("worker.connected." + info.name, {{"session", session}}, wire::encode(info));
}

void EventLog::worker_disconnected(std::int64_t session, const std::string& name) {
  add("worker.disconnected." + name, {{"session", session}});
}

}  // namespace headrace::web
