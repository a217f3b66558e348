// SPDX-License-Identifier: Apache-2.0
// Workers that come and go, and pollers that can read or cannot.
#include "web/history/projector.hpp"

namespace headrace::web {
namespace {

// Buildbot's workerinfo always has these.
json::Value to_json(const wire::WorkerInfo& info) {
  json::Object out{{"admin", nullptr}, {"host", nullptr}, {"access_uri", nullptr}};
  for (const auto& [name, value] : info.facts) out[name] = value;
  out["version"] = info.version;
  return out;
}

}  // namespace

void Projector::worker_connected(const Origin& o, std::string_view name, SessionId session,
                                 const wire::WorkerInfo& info) {
  // `name` is the one that belongs to the worker's key; what the worker calls itself in `info` is advisory.
  const std::int64_t id = worker_id(name);
  if (db_.run("UPDATE workers SET session = ?2, connected = 1, workerinfo = ?3 WHERE workerid = ?1 AND "
              "session < ?2",
              id, session.value, json::write(to_json(info))))
    tell(o, entities::kWorker, id, {"workers/" + std::to_string(id)}, "connected");
}

void Projector::worker_disconnected(const Origin& o, std::string_view name, SessionId session) {
  const std::int64_t id = worker_id(name);
  // The end of an earlier session says nothing about a newer one.
  if (db_.run("UPDATE workers SET connected = 0 WHERE workerid = ?1 AND session <= ?2 AND connected = 1", id,
              session.value))
    tell(o, entities::kWorker, id, {"workers/" + std::to_string(id)}, "disconnected");
}

void Projector::poller_state(const Origin& o, std::string_view name, const std::string& problem) {
  // A poller that the configuration has not told yet gets its id with it.
  db_.run(
      "INSERT INTO changesources SELECT ?1 + count(*), ?2, 0, NULL FROM changesources WHERE true"
      " ON CONFLICT(name) DO NOTHING",
      kProvisionalId, name);
  db_.run("UPDATE changesources SET failing = ?2 WHERE name = ?1", name,
          problem.empty() ? std::nullopt : std::optional(problem));
  const auto id = db_.integer("SELECT changesourceid FROM changesources WHERE name = ?1", name);
  if (id) tell(o, entities::kChangesource, *id, {"changesources/" + std::to_string(*id)}, "update");
}

}  // namespace headrace::web
