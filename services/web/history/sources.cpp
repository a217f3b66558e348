// SPDX-License-Identifier: Apache-2.0
// Changes, sourcestamps, buildsets and requests.
#include "web/history/projector.hpp"
#include "web/history/select.hpp"

namespace headrace::web {
namespace {

std::string to_text(const Properties& properties) { return json::write(to_json(properties)); }

json::Value strings(const std::vector<std::string>& list) { return json::Array(list.begin(), list.end()); }

// FNV-1a, with a byte between the parts that says whether a part is there at all.
void mix(std::uint64_t& hash, const std::optional<std::string>& part) {
  const auto add = [&](unsigned char byte) { hash = (hash ^ byte) * 1099511628211u; };
  if (part)
    for (const char c : *part) add(static_cast<unsigned char>(c));
  add(part ? 0xff : 0xfe);
}

}  // namespace

std::int64_t sourcestamp_id(const wire::SourceStamp& stamp) {
  std::uint64_t hash = 14695981039346656037u;
  for (const auto& part : {std::optional(stamp.codebase), std::optional(stamp.repository),
                           std::optional(stamp.project), stamp.branch, stamp.revision})
    mix(hash, part);
  hash ^= hash >> 33;  // the high bits of FNV are the better ones: mixed into the low ones before the cut
  return static_cast<std::int64_t>(hash & ((std::uint64_t{1} << 53) - 1)) | 1;
}

std::int64_t Projector::sourcestamp(const wire::SourceStamp& s, std::int64_t at_ms) {
  const std::int64_t ssid = sourcestamp_id(s);
  // It is as old as the first thing that named it. A snapshot tells of things in another order than they
  // came.
  db_.run(
      "INSERT INTO sourcestamps VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(ssid) DO UPDATE SET"
      " created_ms = ?7 WHERE created_ms > ?7",
      ssid, s.branch, s.revision, s.repository, s.project, s.codebase, at_ms);
  return ssid;
}

void Projector::change_new(const Origin& o, const wire::Change& c) {
  const std::int64_t id = c.id.value;
  const std::int64_t ssid = sourcestamp({c.codebase, c.repository, c.project, c.branch, c.revision}, o.at_ms);
  // The parent is the newest earlier change of the same repository, codebase, project and branch.
  const auto parent = db_.integer(
      "SELECT max(changeid) FROM changes WHERE repository = ?1 AND codebase = ?2 AND project = ?3 AND branch "
      "IS ?4"
      " AND changeid < ?5",
      c.repository, c.codebase, c.project, c.branch, id);
  const int inserted = db_.run(
      "INSERT OR IGNORE INTO changes VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
      "?15, ?16)",
      id, ssid, parent, c.author, c.committer, json::write(strings(c.files)), c.comments, c.revision,
      c.when_ms ? c.when_ms : o.at_ms, c.branch, c.category, c.revlink, to_text(c.properties), c.repository,
      c.project, c.codebase);
  if (inserted) tell(o, entities::kChange, id, {"changes/" + std::to_string(id)}, "new");
}

void Projector::buildset_new(const Origin& o, const wire::Buildset& b) {
  const std::int64_t bsid = b.id.value;
  if (!db_.run("INSERT OR IGNORE INTO buildsets VALUES(?1, ?2, ?3, ?4, ?5, 0, NULL, NULL, ?6)", bsid,
               b.external_id, b.reason, b.scheduler, o.at_ms, to_text(b.properties)))
    return;
  int position = 0;
  for (const auto& s : b.sourcestamps)
    db_.run("INSERT INTO buildset_sourcestamps VALUES(?1, ?2, ?3)", bsid, position++,
            sourcestamp(s, o.at_ms));
  for (const auto& change : b.changes)
    db_.run("INSERT OR IGNORE INTO buildset_changes VALUES(?1, ?2)", bsid, change.value);
  for (const auto& r : b.requests)
    db_.run("INSERT OR IGNORE INTO buildrequests VALUES(?1, ?2, ?3, ?4, NULL, NULL, 0, NULL, NULL, ?5, NULL)",
            r.id.value, bsid, builder_id(r.builder), r.priority, o.at_ms);
  if (!notify_) return;
  // Buildbot's `new` message differs from GET: it names the scheduler, and has no results yet.
  if (auto message = select_one(db_, entities::kBuildset, bsid)) {
    message->as_object()["scheduler"] = b.scheduler;
    message->as_object()["results"] = nullptr;
    tell(o, std::move(*message), {"buildsets/" + std::to_string(bsid)}, "new");
  }
  for (const auto& r : b.requests) tell_request(o, r.id, "new");
}

void Projector::buildset_complete(const Origin& o, BuildsetId id, Results results) {
  if (db_.run("UPDATE buildsets SET complete = 1, complete_ms = ?2, results = ?3 WHERE bsid = ?1 AND "
              "complete = 0",
              id.value, o.at_ms, static_cast<std::int64_t>(results)))
    tell(o, entities::kBuildset, id.value, {"buildsets/" + std::to_string(id.value)}, "complete");
}

void Projector::request_pending(const Origin& o, RequestId id, BuildId lost) {
  // A build that started later keeps its claim: an old event must not take it away.
  if (db_.run("UPDATE buildrequests SET claimed_build = NULL, claimed_ms = NULL WHERE buildrequestid = ?1"
              " AND complete = 0 AND claimed_build IS NOT NULL AND (?2 = 0 OR claimed_build <= ?2)",
              id.value, lost.value))
    tell_request(o, id, "unclaimed");
}

void Projector::request_complete(const Origin& o, RequestId id, Results results,
                                 const std::string& cancel_reason) {
  if (db_.run("UPDATE buildrequests SET complete = 1, complete_ms = ?2, results = ?3,"
              " cancel_reason = COALESCE(?4, cancel_reason) WHERE buildrequestid = ?1 AND complete = 0",
              id.value, o.at_ms, static_cast<std::int64_t>(results),
              cancel_reason.empty() ? std::nullopt : std::optional(cancel_reason)))
    tell_request(o, id, "complete");
}

void Projector::request_cancel(const Origin& o, RequestId id, const std::string& reason) {
  if (db_.run("UPDATE buildrequests SET cancel_reason = ?2 WHERE buildrequestid = ?1 AND complete = 0",
              id.value, reason))
    tell_request(o, id, "cancel");
}

}  // namespace headrace::web
