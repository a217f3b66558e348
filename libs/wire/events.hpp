// SPDX-License-Identifier: Apache-2.0
// The events by type: one struct for each topic, read once, dispatched by std::visit.
//
// A struct holds what the Redis function decided (ids, verdicts). The record in the body is decoded when
// somebody asks, because most readers of an event need the ids only. A struct points into its Event, which
// has to outlive it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "model/ids.hpp"
#include "model/results.hpp"
#include "result/result.hpp"
#include "wire/event.hpp"
#include "wire/records.hpp"

namespace headrace::wire {

/// `change.new`
struct ChangeNew {
  ChangeId id;
  std::string_view body;
  [[nodiscard]] Result<Change> change() const;  ///< with its id
};

/// `buildset.new`
struct BuildsetNew {
  BuildsetId id;
  RequestId first_request;  ///< the others follow in order
  std::int64_t at_ms = 0;
  std::string_view body;
  [[nodiscard]] Result<Buildset> set() const;  ///< with its id, those of its requests, and its time
};

/// `buildset.complete`
struct BuildsetComplete {
  BuildsetId id;
  Results results = Results::success;
};

/// `request.pending`: an offer or a build came to nothing, the request is in its queue again.
struct RequestPending {
  RequestId id;
  BuildId build;  ///< that was lost; 0: it was an offer
};

/// `request.complete`: the request was cancelled before a build of it ran.
struct RequestComplete {
  RequestId id;
  BuildsetId buildset;
  Results results = Results::cancelled;
  std::string_view body;
  std::string reason() const;
};

/// `request.cancel`: a running build is to be stopped.
struct RequestCancelWanted {
  RequestId id;
  BuildId build;
  std::string_view body;
  std::string reason() const;
};

/// `build.new.<builder>`
struct BuildNew {
  BuildId id;
  std::int64_t number = 0;
  RequestId request;
  BuildsetId buildset;
  int attempt = 0;
  std::int64_t at_ms = 0;
  std::string_view builder;
  std::string_view body;
  [[nodiscard]] Result<Build> build() const;  ///< as it starts
};

/// `build.finished.<builder>`
struct BuildFinished {
  BuildId id;
  std::int64_t number = 0;
  RequestId request;
  BuildsetId buildset;
  int attempt = 0;
  std::int64_t started_ms = 0;
  std::int64_t at_ms = 0;
  Results results = Results::success;
  std::optional<Results> previous;  ///< of the nearest earlier build of the builder that was not RETRY
  std::string_view builder;
  std::string_view body;
  [[nodiscard]] Result<Build> build() const;  ///< whole
};

/// `step.started.<builder>`
struct StepStarted {
  BuildId build;
  int number = 0;
  std::string_view builder;
  std::string_view body;
  [[nodiscard]] Result<StepRecord> step() const;
};

/// `step.finished.<builder>`
struct StepFinished {
  BuildId build;
  int number = 0;
  std::string_view builder;
  std::string_view body;
  [[nodiscard]] Result<StepRecord> step() const;
};

/// `build.properties.<builder>`
struct BuildPropertiesChanged {
  BuildId build;
  std::string_view builder;
  std::string_view body;
  [[nodiscard]] Result<Properties> properties() const;  ///< all of the build
};

/// `worker.connected.<name>`
struct WorkerConnected {
  std::string_view name;
  SessionId session;
  bool taken_over = false;  ///< from another process with the worker's key
  std::string_view body;
  [[nodiscard]] Result<WorkerInfo> info() const;
};

/// `worker.challenged.<name>`: another process with the worker's key asks for its place.
struct WorkerChallenged {
  std::string_view name;
  SessionId session;        ///< that is asked whether somebody is there
  std::int64_t number = 0;  ///< of the challenge
};

/// `worker.disconnected.<name>`
struct WorkerDisconnected {
  std::string_view name;
  SessionId session;  ///< that has ended
};

/// `poller.state.<name>`: its polls fail, wholly or in part, or no longer do.
struct PollerState {
  std::string_view name;
  std::string_view body;
  std::string problem() const;  ///< "": all that it watches was read
};

/// `config.applied`
struct ConfigApplied {
  ConfigVersion version;
};

/// `keys.changed`
struct KeysChanged {};

/// A topic that this version does not know.
struct UnknownEvent {};

using AnyEvent = std::variant<UnknownEvent, ChangeNew, BuildsetNew, BuildsetComplete, RequestPending,
                              RequestComplete, RequestCancelWanted, BuildNew, BuildFinished, StepStarted,
                              StepFinished, BuildPropertiesChanged, WorkerConnected, WorkerChallenged,
                              WorkerDisconnected, PollerState, ConfigApplied, KeysChanged>;

/// The event by type. @param event  has to outlive the result
AnyEvent read_event(const Event& event);

/// Handlers of some events, for std::visit; end the list with `[](const auto&) {}` for the others.
template <class... Handlers>
struct On : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
On(Handlers...) -> On<Handlers...>;

/// Topics of unnumbered announcements: growth of a log.
inline constexpr const char* kLogGrowth = "log.append.";

}  // namespace headrace::wire
