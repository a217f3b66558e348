// SPDX-License-Identifier: Apache-2.0
// Changes, sourcestamps, buildsets and requests.
#include "web/history/applier.hpp"
#include "web/history/decode.hpp"
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
  hash ^= hash >> 33;  // FNV's high bits are its good ones: fold them down before cutting
  return static_cast<std::int64_t>(hash & ((std::uint64_t{1} << 53) - 1)) | 1;
}

std::int64_t Applier::sourcestamp(const wire::SourceStamp& s, std::int64_t at_ms) {
  const std::int64_t ssid = sourcestamp_id(s);
  db_.run("INSERT OR IGNORE INTO sourcestamps VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)", ssid, s.branch, s.revision,
          s.repository, s.project, s.codebase, at_ms);
  return ssid;
}

void Applier::change_new(const wire::Event& e) {
  const auto c = body_of<wire::Change>(e);
  if (!c) return;
  const std::int64_t id = e.id("changeid");
  const std::int64_t ssid =
      sourcestamp({c->codebase, c->repository, c->project, c->branch, c->revision}, e.at_ms);
  // The parent is the newest earlier change of the same line of work (features, "parent link").
  const auto parent = db_.integer(
      "SELECT max(changeid) FROM changes WHERE repository = ?1 AND codebase = ?2 AND project = ?3 AND branch "
      "IS ?4"
      " AND changeid < ?5",
      c->repository, c->codebase, c->project, c->branch, id);
  const int inserted = db_.run(
      "INSERT OR IGNORE INTO changes VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
      "?15, ?16)",
      id, ssid, parent, c->author, c->committer, json::write(strings(c->files)), c->comments, c->revision,
      c->when_ms ? c->when_ms : e.at_ms, c->branch, c->category, c->revlink, to_text(c->properties),
      c->repository, c->project, c->codebase);
  if (inserted) tell(e.number, entities::kChange, id, {"changes/" + std::to_string(id)}, "new");
}

void Applier::buildset_new(const wire::Event& e) {
  const auto b = body_of<wire::Buildset>(e);
  if (!b) return;
  const std::int64_t bsid = e.id("bsid");
  if (!db_.run("INSERT OR IGNORE INTO buildsets VALUES(?1, ?2, ?3, ?4, ?5, 0, NULL, NULL, ?6)", bsid,
               b->external_id, b->reason, b->scheduler, e.at_ms, to_text(b->properties)))
    return;
  int position = 0;
  for (const auto& s : b->sourcestamps)
    db_.run("INSERT INTO buildset_sourcestamps VALUES(?1, ?2, ?3)", bsid, position++,
            sourcestamp(s, e.at_ms));
  for (const auto& change : b->changes)
    db_.run("INSERT OR IGNORE INTO buildset_changes VALUES(?1, ?2)", bsid, change.value);
  std::int64_t request = e.id("first_request");
  for (const auto& r : b->requests)
    db_.run("INSERT OR IGNORE INTO buildrequests VALUES(?1, ?2, ?3, ?4, NULL, NULL, 0, NULL, NULL, ?5, NULL)",
            request++, bsid, builder_id(r.builder), r.priority, e.at_ms);
  if (!notify_) return;
  // Buildbot's `new` message differs from GET: it names the scheduler, and has no results yet.
  if (auto message = select_one(db_, entities::kBuildset, bsid)) {
    message->as_object()["scheduler"] = b->scheduler;
    message->as_object()["results"] = nullptr;
    tell(e.number, std::move(*message), {"buildsets/" + std::to_string(bsid)}, "new");
  }
  request = e.id("first_request");
  for (std::size_t i = 0; i < b->requests.size(); ++i) tell_request(e, request++, "new");
}

void Applier::buildset_complete(const wire::Event& e) {
  const std::int64_t bsid = e.id("bsid");
  if (db_.run("UPDATE buildsets SET complete = 1, complete_ms = ?2, results = ?3 WHERE bsid = ?1 AND "
              "complete = 0",
              bsid, e.at_ms, e.id("results")))
    tell(e.number, entities::kBuildset, bsid, {"buildsets/" + std::to_string(bsid)}, "complete");
}

void Applier::request_pending(const wire::Event& e) {
  // A build that started later keeps its claim: an old event must not take it away.
  const std::int64_t request = e.id("request"), build = e.id("buildid");
  if (db_.run("UPDATE buildrequests SET claimed_build = NULL, claimed_ms = NULL WHERE buildrequestid = ?1"
              " AND complete = 0 AND claimed_build IS NOT NULL AND (?2 = 0 OR claimed_build <= ?2)",
              request, build))
    tell_request(e, request, "unclaimed");
}

void Applier::request_complete(const wire::Event& e, std::int64_t request, std::int64_t results) {
  if (db_.run(
          "UPDATE buildrequests SET complete = 1, complete_ms = ?2, results = ?3 WHERE buildrequestid = ?1"
          " AND complete = 0",
          request, e.at_ms, results))
    tell_request(e, request, "complete");
}

void Applier::request_cancel(const wire::Event& e) {
  const std::int64_t request = e.id("request");
  const auto reason = wire::decode_value(e.body);
  if (db_.run("UPDATE buildrequests SET cancel_reason = ?2 WHERE buildrequestid = ?1 AND complete = 0",
              request, reason ? reason->string_or("") : std::string()))
    tell_request(e, request, "cancel");
}

}  // namespace headrace::web
