// SPDX-License-Identifier: Apache-2.0
#include "web/history/schema.hpp"

#include <filesystem>

#include "log/log.hpp"

namespace headrace::web {
namespace {

// A column that holds the value of a REST field has the name of that field. Columns *_ms are milliseconds
// since the epoch (null: not yet). JSON columns hold the JSON that REST shows.
const char* const kTables = R"sql(
CREATE TABLE cursor(one INTEGER PRIMARY KEY CHECK(one = 1), number INTEGER NOT NULL, tag TEXT NOT NULL);
CREATE TABLE sourcestamps(ssid INTEGER PRIMARY KEY, branch TEXT, revision TEXT, repository TEXT NOT NULL,
  project TEXT NOT NULL, codebase TEXT NOT NULL, created_ms INTEGER NOT NULL);
CREATE TABLE changes(changeid INTEGER PRIMARY KEY, ssid INTEGER NOT NULL, parent_changeid INTEGER,
  author TEXT NOT NULL, committer TEXT NOT NULL, files TEXT NOT NULL, comments TEXT NOT NULL, revision TEXT,
  when_ms INTEGER NOT NULL, branch TEXT, category TEXT, revlink TEXT, properties TEXT NOT NULL,
  repository TEXT NOT NULL, project TEXT NOT NULL, codebase TEXT NOT NULL);
CREATE TABLE buildsets(bsid INTEGER PRIMARY KEY, external_idstring TEXT, reason TEXT NOT NULL,
  scheduler TEXT NOT NULL, submitted_ms INTEGER NOT NULL, complete INTEGER NOT NULL, complete_ms INTEGER,
  results INTEGER, properties TEXT NOT NULL);
CREATE TABLE buildset_sourcestamps(bsid INTEGER, position INTEGER, ssid INTEGER NOT NULL,
  PRIMARY KEY(bsid, position)) WITHOUT ROWID;
CREATE TABLE buildset_changes(bsid INTEGER, changeid INTEGER, PRIMARY KEY(bsid, changeid)) WITHOUT ROWID;
CREATE TABLE buildrequests(buildrequestid INTEGER PRIMARY KEY, buildsetid INTEGER NOT NULL,
  builderid INTEGER NOT NULL, priority INTEGER NOT NULL, claimed_build INTEGER, claimed_ms INTEGER,
  complete INTEGER NOT NULL, complete_ms INTEGER, results INTEGER, submitted_ms INTEGER NOT NULL,
  cancel_reason TEXT);
CREATE TABLE builds(buildid INTEGER PRIMARY KEY, number INTEGER NOT NULL, builderid INTEGER NOT NULL,
  buildrequestid INTEGER NOT NULL, workerid INTEGER NOT NULL, attempt INTEGER NOT NULL,
  started_ms INTEGER NOT NULL, complete INTEGER NOT NULL, complete_ms INTEGER, results INTEGER,
  state_string TEXT NOT NULL, properties TEXT NOT NULL);
CREATE TABLE build_changes(buildid INTEGER, position INTEGER, changeid INTEGER NOT NULL,
  PRIMARY KEY(buildid, position)) WITHOUT ROWID;
CREATE TABLE steps(stepid INTEGER PRIMARY KEY, buildid INTEGER NOT NULL, number INTEGER NOT NULL,
  name TEXT NOT NULL, started_ms INTEGER, complete INTEGER NOT NULL, complete_ms INTEGER, results INTEGER,
  state_string TEXT NOT NULL, urls TEXT NOT NULL, hidden INTEGER NOT NULL);
CREATE TABLE logs(logid INTEGER PRIMARY KEY, stepid INTEGER NOT NULL, name TEXT NOT NULL, slug TEXT NOT NULL,
  type TEXT NOT NULL, complete INTEGER NOT NULL, incomplete INTEGER NOT NULL, num_lines INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL);
CREATE TABLE builders(builderid INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, description TEXT,
  tags TEXT NOT NULL, configured INTEGER NOT NULL, position INTEGER NOT NULL);
CREATE TABLE workers(workerid INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, session INTEGER NOT NULL,
  connected INTEGER NOT NULL, workerinfo TEXT NOT NULL, configured INTEGER NOT NULL, slots INTEGER NOT NULL);
CREATE TABLE builder_workers(builderid INTEGER, workerid INTEGER, PRIMARY KEY(builderid, workerid)) WITHOUT ROWID;
CREATE TABLE schedulers(schedulerid INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  configured INTEGER NOT NULL, builder_names TEXT NOT NULL, button_name TEXT NOT NULL);
CREATE TABLE changesources(changesourceid INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, configured INTEGER NOT NULL,
  failing TEXT);

CREATE INDEX changes_kin ON changes(repository, codebase, project, branch);
CREATE INDEX changes_ssid ON changes(ssid);
CREATE INDEX buildset_changes_change ON buildset_changes(changeid);
CREATE INDEX buildsets_open ON buildsets(bsid) WHERE complete = 0;
CREATE INDEX requests_buildset ON buildrequests(buildsetid);
CREATE INDEX requests_builder ON buildrequests(builderid);
CREATE INDEX requests_open ON buildrequests(buildrequestid) WHERE complete = 0;
CREATE INDEX builds_number ON builds(builderid, number);
CREATE INDEX builds_builder ON builds(builderid);
CREATE INDEX builds_request ON builds(buildrequestid);
CREATE INDEX builds_worker ON builds(workerid);
CREATE INDEX builds_running ON builds(buildid) WHERE complete = 0;
CREATE INDEX builds_complete_at ON builds(complete_ms / 1000);
CREATE INDEX builds_started_at ON builds(started_ms / 1000);
CREATE INDEX build_changes_change ON build_changes(changeid);
)sql";

// stepid and logid hold the build's number in their high digits, so ranges of the primary key serve
// where other tables need an index.

constexpr const char* kTableNames[] = {"cursor",
                                       "sourcestamps",
                                       "changes",
                                       "buildsets",
                                       "buildset_sourcestamps",
                                       "buildset_changes",
                                       "buildrequests",
                                       "builds",
                                       "build_changes",
                                       "steps",
                                       "logs",
                                       "builders",
                                       "workers",
                                       "builder_workers",
                                       "schedulers",
                                       "changesources"};

std::unique_ptr<Database> open_existing(const std::string& path) {
  auto db = std::make_unique<Database>(path, Database::Mode::read_write);
  // NORMAL in WAL: a power failure may undo the last transactions together with the cursor. Their events are
  // then read again.
  db->execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=4000;");
  return db;
}

std::int64_t version_of(Database& db) { return db.integer("PRAGMA user_version").value_or(0); }

}  // namespace

std::unique_ptr<Database> open_history(const std::string& path) {
  namespace fs = std::filesystem;
  if (fs::exists(path)) {
    try {
      auto db = open_existing(path);
      if (version_of(*db) == kSchemaVersion) return db;
      spdlog::info("history has another version and is rebuilt path={} version={} wanted={}", path,
                   version_of(*db), kSchemaVersion);
    } catch (const SqlError& e) {
      if (e.cannot_write()) throw;  // nothing is wrong with the history
      spdlog::warn("history cannot be used and is rebuilt path={} reason=\"{}\"", path, e.what());
    }
    for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(path + suffix);
  }
  auto db = open_existing(path);
  Transaction all(*db);
  db->execute(kTables);
  db->execute("PRAGMA user_version=" + std::to_string(kSchemaVersion));
  all.commit();
  return db;
}

void clear_history(Database& db) {
  Transaction all(db);
  for (const char* name : kTableNames) db.execute(std::string("DELETE FROM ") + name);
  all.commit();
}

}  // namespace headrace::web
