// SPDX-License-Identifier: Apache-2.0
// Turns events and parts of a snapshot into rows of the history and into notifications. A projector lives for
// one batch, inside the transaction of the batch.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "web/history/entities.hpp"
#include "web/history/projection.hpp"
#include "web/history/snapshot.hpp"
#include "wire/events.hpp"
#include "wire/records.hpp"

namespace headrace::web {

class Projector {
 public:
  Projector(Database& db, Names& names, bool notify) : db_(db), names_(names), notify_(notify) {}

  /// An event whose body cannot be read gets a line in the process log and is passed over.
  void apply(const wire::Event& event);
  void apply(const LogGrowth& growth);
  void apply(const SnapshotPart& part);
  /// Tells subscribers of the builder's new configuration.
  void builder_updated(std::int64_t builderid);
  std::vector<Notification> take() { return std::move(notifications_); }

 private:
  /// Where a fact comes from: the event's number (0: a snapshot), and when it came to be, on Redis's clock.
  struct Origin {
    EventNumber number;
    std::int64_t at_ms = 0;
  };

  // sources.cpp
  void change_new(const Origin& o, const wire::Change& change);
  void buildset_new(const Origin& o, const wire::Buildset& set);
  void buildset_complete(const Origin& o, BuildsetId id, Results results);
  /// @param lost  the build that has put the request back; 0: none was running
  void request_pending(const Origin& o, RequestId id, BuildId lost);
  /// @param cancel_reason  "" unless the request was cancelled before a build of it ran
  void request_complete(const Origin& o, RequestId id, Results results, const std::string& cancel_reason);
  void request_cancel(const Origin& o, RequestId id, const std::string& reason);
  std::int64_t sourcestamp(const wire::SourceStamp& stamp, std::int64_t at_ms);

  // builds.cpp
  void build_new(const Origin& o, const wire::Build& build);
  void build_properties(const Origin& o, BuildId id, const Properties& properties);
  void build_finished(const Origin& o, const wire::Build& build, Results results);
  void close_steps(const Origin& o, BuildId build, Results results);
  void step(const Origin& o, BuildId build, const wire::StepRecord& record);
  void log(const Origin& o, BuildId build, int step, const wire::LogRecord& record);

  // workers.cpp
  void worker_connected(const Origin& o, std::string_view name, SessionId session,
                        const wire::WorkerInfo& info);
  void worker_disconnected(const Origin& o, std::string_view name, SessionId session);

  void poller_state(const Origin& o, std::string_view name, const std::string& problem);

  // Ids of names; a name whose id Redis has not told yet gets a provisional id until set_names.
  std::int64_t builder_id(std::string_view name);
  std::int64_t worker_id(std::string_view name);

  /// Tells subscribers the entity's state now, under each of `paths` + "/" + `what`.
  void tell(const Origin& o, const Entity& entity, std::int64_t key, const std::vector<std::string>& paths,
            std::string_view what);
  void tell(const Origin& o, json::Value message, const std::vector<std::string>& paths,
            std::string_view what);
  void tell_build(const Origin& o, BuildId build, std::string_view what);
  void tell_request(const Origin& o, RequestId request, std::string_view what);
  void tell_step(const Origin& o, std::int64_t stepid, BuildId build, std::string_view what);
  void tell_log(const Origin& o, std::int64_t logid, std::string_view what);

  Database& db_;
  Names& names_;
  bool notify_;
  std::vector<Notification> notifications_;
};

/// The first provisional id, for names whose id is not known yet; above every real id.
inline constexpr std::int64_t kProvisionalId = std::int64_t{1} << 40;

/// REST id of a sourcestamp, from its content. 53 bits, because JavaScript reads no more exactly.
std::int64_t sourcestamp_id(const wire::SourceStamp& stamp);

}  // namespace headrace::web
