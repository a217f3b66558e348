// SPDX-License-Identifier: Apache-2.0
// What one event does to the tables. Lives for one batch, inside its transaction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "web/history/entities.hpp"
#include "web/history/projection.hpp"
#include "wire/records.hpp"

namespace headrace::web {

class Applier {
 public:
  Applier(Database& db, Names& names, bool notify) : db_(db), names_(names), notify_(notify) {}

  void apply(const wire::Event& event);
  void apply(const LogGrowth& growth);
  /// Tells subscribers of the builder's new configuration.
  void builder_updated(std::int64_t builderid);
  std::vector<Notification> take() { return std::move(notifications_); }

 private:
  // sources.cpp
  void change_new(const wire::Event& e);
  void buildset_new(const wire::Event& e);
  void buildset_complete(const wire::Event& e);
  void request_pending(const wire::Event& e);
  void request_complete(const wire::Event& e, std::int64_t request, std::int64_t results);
  void request_cancel(const wire::Event& e);
  std::int64_t sourcestamp(const wire::SourceStamp& stamp, std::int64_t at_ms);

  // builds.cpp
  void build_new(const wire::Event& e);
  void build_properties(const wire::Event& e);
  void build_finished(const wire::Event& e);
  bool insert_build(const wire::Event& e, const wire::Build& build);
  void close_steps(const wire::Event& e, BuildId build, std::int64_t results);
  void step(const wire::Event& e, BuildId build, const wire::StepRecord& record);
  void log(const wire::Event& e, BuildId build, int step, const wire::LogRecord& record);

  // workers.cpp
  void worker_connected(const wire::Event& e);
  void worker_disconnected(const wire::Event& e);

  // Ids of names; a name that nobody has told us gets a provisional id until set_names.
  std::int64_t builder_id(std::string_view name);
  std::int64_t worker_id(std::string_view name);

  /// Tells subscribers the entity's state now, under each of `paths` + "/" + `what`.
  void tell(EventNumber number, const Entity& entity, std::int64_t key, const std::vector<std::string>& paths,
            std::string_view what);
  void tell(EventNumber number, json::Value message, const std::vector<std::string>& paths,
            std::string_view what);
  void tell_build(const wire::Event& e, BuildId build, std::string_view what);
  void tell_request(const wire::Event& e, std::int64_t request, std::string_view what);
  void tell_step(const wire::Event& e, std::int64_t stepid, BuildId build, std::string_view what);
  void tell_log(EventNumber number, std::int64_t logid, std::string_view what);

  Database& db_;
  Names& names_;
  bool notify_;
  std::vector<Notification> notifications_;
};

/// An id for a name that Redis has not told us yet; above every real id.
inline constexpr std::int64_t kProvisionalId = std::int64_t{1} << 40;

/// REST id of a sourcestamp, from its content. 53 bits, because JavaScript reads no more exactly.
std::int64_t sourcestamp_id(const wire::SourceStamp& stamp);

}  // namespace headrace::web
