// SPDX-License-Identifier: Apache-2.0
// Workers that come and go.
#include "web/history/applier.hpp"
#include "web/history/decode.hpp"

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

void Applier::worker_connected(const wire::Event& e) {
  const auto info = body_of<wire::WorkerInfo>(e);
  if (!info) return;
  // The topic names the worker as its key says; what it calls itself in the body is advisory.
  const std::int64_t id = worker_id(subject_of(e, "worker.connected"));
  if (db_.run("UPDATE workers SET session = ?2, connected = 1, workerinfo = ?3 WHERE workerid = ?1 AND "
              "session < ?2",
              id, e.id("session"), json::write(to_json(*info))))
    tell(e.number, entities::kWorker, id, {"workers/" + std::to_string(id)}, "connected");
}

void Applier::worker_disconnected(const wire::Event& e) {
  const std::int64_t id = worker_id(subject_of(e, "worker.disconnected"));
  // The end of an earlier session says nothing about a newer one.
  if (db_.run("UPDATE workers SET connected = 0 WHERE workerid = ?1 AND session <= ?2 AND connected = 1", id,
              e.id("session")))
    tell(e.number, entities::kWorker, id, {"workers/" + std::to_string(id)}, "disconnected");
}

}  // namespace headrace::web
