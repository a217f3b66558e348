// SPDX-License-Identifier: Apache-2.0
// Builds, steps and logs.
#include <algorithm>

#include "web/history/projector.hpp"

namespace headrace::web {
namespace {

std::string to_text(const Properties& properties) { return json::write(to_json(properties)); }

std::string to_text(const std::vector<wire::Url>& urls) {
  json::Array list;
  for (const auto& u : urls) list.push_back(json::Object{{"name", u.name}, {"url", u.url}});
  return json::write(list);
}

// 0 on the wire means "not yet".
std::optional<std::int64_t> time_or_null(std::int64_t ms) { return ms ? std::optional(ms) : std::nullopt; }

std::optional<std::int64_t> number_of(const std::optional<Results>& r) {
  return r ? std::optional(static_cast<std::int64_t>(*r)) : std::nullopt;
}

}  // namespace

void Projector::build_new(const Origin& o, const wire::Build& b) {
  const std::int64_t started = b.started_ms ? b.started_ms : o.at_ms;
  if (!db_.run("INSERT OR IGNORE INTO builds VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, NULL, NULL, ?8, ?9)",
               b.id.value, b.number, builder_id(b.builder), b.request.value, worker_id(b.worker), b.attempt,
               started, b.state_string.empty() ? "building" : b.state_string, to_text(b.properties)))
    return;
  int position = 0;
  for (const auto& change : b.changes)
    db_.run("INSERT OR IGNORE INTO build_changes VALUES(?1, ?2, ?3)", b.id.value, position++, change.value);
  const bool claimed = db_.run(
      "UPDATE buildrequests SET claimed_build = ?2, claimed_ms = ?3 WHERE buildrequestid = ?1 AND complete = "
      "0",
      b.request.value, b.id.value, started);
  tell_build(o, b.id, "new");
  if (claimed) tell_request(o, b.request, "claimed");
}

void Projector::build_properties(const Origin& o, BuildId id, const Properties& properties) {
  // Each value is a list, so json_patch replaces it as a whole.
  if (db_.run("UPDATE builds SET properties = json_patch(properties, ?2) WHERE buildid = ?1 AND complete = 0",
              id.value, to_text(properties)))
    tell(o, to_json(properties), {"builds/" + std::to_string(id.value) + "/properties"}, "update");
}

void Projector::build_finished(const Origin& o, const wire::Build& b, Results results) {
  build_new(o, b);
  if (db_.integer("SELECT complete FROM builds WHERE buildid = ?1", b.id.value) != 0) return;
  for (const auto& s : b.steps) step(o, b.id, s);
  close_steps(o, b.id, results);
  db_.run(
      "UPDATE builds SET complete = 1, complete_ms = ?2, results = ?3, state_string = ?4, properties = ?5"
      " WHERE buildid = ?1",
      b.id.value, o.at_ms, static_cast<std::int64_t>(results), b.state_string, to_text(b.properties));
  tell_build(o, b.id, "finished");
  if (results != Results::retry) request_complete(o, b.request, results, "");
}

// When a worker is lost, its build ends with steps and logs that are not complete and never will be.
void Projector::close_steps(const Origin& o, BuildId build, Results results) {
  std::vector<std::int64_t> logs, steps;
  const std::int64_t from = step_id(build, 0), to = from + kMaxSteps - 1;
  {
    auto rows = db_.query("SELECT logid FROM logs WHERE logid BETWEEN ?1 AND ?2 AND complete = 0",
                          log_id(build, 0, 0), to * kMaxLogsPerStep + kMaxLogsPerStep - 1);
    while (rows.next()) logs.push_back(rows->integer(0));
  }
  {
    auto rows =
        db_.query("SELECT stepid FROM steps WHERE stepid BETWEEN ?1 AND ?2 AND complete = 0", from, to);
    while (rows.next()) steps.push_back(rows->integer(0));
  }
  for (const auto id : logs) {
    db_.run("UPDATE logs SET complete = 1, incomplete = 1 WHERE logid = ?1", id);
    tell_log(o, id, "finished");
  }
  for (const auto id : steps) {
    db_.run(
        "UPDATE steps SET complete = 1, complete_ms = ?2, results = COALESCE(results, ?3) WHERE stepid = ?1",
        id, o.at_ms, static_cast<std::int64_t>(results));
    tell_step(o, id, build, "finished");
  }
}

void Projector::step(const Origin& o, BuildId build, const wire::StepRecord& s) {
  const std::int64_t id = step_id(build, s.number);
  const auto complete = db_.integer("SELECT complete FROM steps WHERE stepid = ?1", id);
  const bool done = s.complete_ms != 0 || s.results.has_value();
  if (complete.value_or(0) == 0)
    db_.run(
        "INSERT INTO steps VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT(stepid) DO "
        "UPDATE SET"
        " name = ?4, started_ms = ?5, complete = ?6, complete_ms = ?7, results = ?8, state_string = ?9, urls "
        "= ?10,"
        " hidden = ?11",
        id, build.value, s.number, s.name, time_or_null(s.started_ms), done,
        done ? std::optional(s.complete_ms ? s.complete_ms : o.at_ms) : std::nullopt, number_of(s.results),
        s.state_string, to_text(s.urls), s.hidden);
  if (!complete) {
    tell_step(o, id, build, "new");
    if (s.started_ms) tell_step(o, id, build, "started");
  }
  // A step's logs can still be closed after it (the build's last record says how they ended).
  for (const auto& l : s.logs) log(o, build, s.number, l);
  if (complete.value_or(0) != 0) return;
  if (done)
    tell_step(o, id, build, "finished");
  else if (complete)
    tell_step(o, id, build, "updated");
}

void Projector::log(const Origin& o, BuildId build, int step, const wire::LogRecord& l) {
  const std::int64_t id = log_id(build, step, l.index);
  const auto before = db_.integer("SELECT complete FROM logs WHERE logid = ?1", id);
  if (before.value_or(0) != 0) return;
  const bool done = l.complete || l.incomplete;
  db_.run(
      "INSERT INTO logs VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT(logid) DO UPDATE SET"
      " complete = ?6, incomplete = ?7, num_lines = CASE WHEN ?6 THEN ?8 ELSE max(num_lines, ?8) END,"
      " size_bytes = CASE WHEN ?6 THEN ?9 ELSE max(size_bytes, ?9) END",
      id, step_id(build, step), l.name, l.slug, l.type, done, l.incomplete, l.lines, l.size_bytes);
  if (!before) tell_log(o, id, "new");
  if (done) tell_log(o, id, "finished");
}

}  // namespace headrace::web
