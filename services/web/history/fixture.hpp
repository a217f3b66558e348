// SPDX-License-Identifier: Apache-2.0
// For tests and for looking at the page: a log of events as the Redis functions would write it.
#pragma once

#include <string>
#include <vector>

#include "config/site.hpp"
#include "web/history/projection.hpp"
#include "wire/records.hpp"

namespace headrace::web {

/// Numbers events and keeps their tags, like the store.
class EventLog {
 public:
  /// Adds an event, a second after the last one unless `at_ms` says otherwise.
  wire::Event& add(std::string topic, std::map<std::string, std::int64_t, std::less<>> ids,
                   std::string body = {});

  void change(std::int64_t id, const wire::Change& change);
  void buildset(std::int64_t bsid, std::int64_t first_request, const wire::Buildset& buildset);
  void build_new(std::int64_t id, std::int64_t number, std::int64_t attempt, const wire::Build& build);
  void build_finished(std::int64_t id, std::int64_t number, std::int64_t attempt, const wire::Build& build);
  void step(std::int64_t build, const std::string& builder, const wire::StepRecord& step);

  /// What was added since the last take.
  std::vector<wire::Event> take() { return std::exchange(events_, {}); }
  std::int64_t now_ms = 1'700'000'000'000;

 private:
  std::vector<wire::Event> events_;
  std::int64_t number_ = 0;
  std::string tag_;
};

/// Builders "kernel" (id 1) and "docs" (2) on workers "w1" (1) and "w2" (2); schedulers "main" and "force".
config::Site example_site();
Names example_names();

wire::Change example_change(const std::string& branch, const std::string& revision);
wire::Buildset example_buildset(const std::vector<std::string>& builders,
                                const std::vector<ChangeId>& changes);
/// A build without steps; `results` unset: it runs.
wire::Build example_build(std::int64_t request, const std::string& builder, std::optional<Results> results);
/// Step 0 "git" with one log "stdio" of `lines` lines.
wire::StepRecord example_step(int number, const std::string& name, std::optional<Results> results,
                              std::int64_t lines);

}  // namespace headrace::web
