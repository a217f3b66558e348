// SPDX-License-Identifier: Apache-2.0
// For tests and for the demo: an event log as the Redis functions would write it.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "wire/event.hpp"
#include "wire/records.hpp"

namespace headrace::web {

/// Numbers events and keeps their tags, like the store.
class EventLog {
 public:
  void change(std::int64_t id, const wire::Change& change);
  void buildset(std::int64_t bsid, std::int64_t first_request, const wire::Buildset& buildset);
  /// A request goes back to its queue. @param build  that was lost; 0: it was an offer
  void request_pending(std::int64_t request, std::int64_t build);
  /// A running build is to be stopped.
  void request_cancel(std::int64_t request, std::int64_t build, const std::string& reason);
  /// A request is cancelled before a build of it ran.
  void request_cancelled(std::int64_t request, const std::string& reason);
  void build_new(std::int64_t id, std::int64_t number, std::int64_t attempt, const wire::Build& build);
  void build_properties(std::int64_t id, const wire::Build& build);
  void build_finished(std::int64_t id, std::int64_t number, std::int64_t attempt, const wire::Build& build);
  void step(std::int64_t build, const std::string& builder, const wire::StepRecord& step);
  void worker_connected(std::int64_t session, const wire::WorkerInfo& info);
  void worker_disconnected(std::int64_t session, const std::string& name);

  /// Adds any event, also one that no function would write, a second after the last one.
  void add(std::string topic, std::map<std::string, std::int64_t, std::less<>> ids, std::string body = {});

  /// What was added since the last take.
  std::vector<wire::Event> take() { return std::exchange(events_, {}); }
  std::int64_t now_ms = 1'700'000'000'000;

 private:
  std::vector<wire::Event> events_;
  std::int64_t number_ = 0;
  std::string tag_;
};

}  // namespace headrace::web
