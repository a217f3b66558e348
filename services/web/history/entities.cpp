// SPDX-License-Identifier: Apache-2.0
#include "web/history/entities.hpp"

#include <algorithm>

namespace headrace::web {

const Field* Entity::field(std::string_view name) const {
  const auto it = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
  return it == fields.end() ? nullptr : &*it;
}

namespace entities {
namespace {

constexpr bool kNullable = true;
constexpr bool kOnRequest = true;

// json_object's keys in alphabetical order, as everything else is written.
#define HEADRACE_SOURCESTAMP                                                                             \
  "json_object('branch', s.branch, 'codebase', s.codebase, 'created_at', s.created_ms / 1000, 'patch', " \
  "NULL, "                                                                                               \
  "'project', s.project, 'repository', s.repository, 'revision', s.revision, 'ssid', s.ssid)"
#define HEADRACE_MASTER \
  "json_object('active', json('true'), 'last_active', unixepoch(), 'masterid', 1, 'name', 'headrace')"

}  // namespace

const Entity kBuild{
    "build",
    "builds",
    "builds",
    "buildid",
    {{"buildid", Kind::integer, "builds.buildid"},
     {"number", Kind::integer, "builds.number"},
     {"builderid", Kind::integer, "builds.builderid"},
     {"buildrequestid", Kind::integer, "builds.buildrequestid"},
     {"workerid", Kind::integer, "builds.workerid"},
     {"masterid", Kind::integer, "1"},
     {"started_at", Kind::datetime, "builds.started_ms / 1000"},
     {"complete", Kind::boolean, "builds.complete"},
     {"complete_at", Kind::datetime, "builds.complete_ms / 1000", kNullable},
     {"locks_duration_s", Kind::integer, "0"},
     {"results", Kind::integer, "builds.results", kNullable},
     {"state_string", Kind::string, "builds.state_string"},
     {"properties", Kind::properties, "builds.properties", kNullable},
     {"started_at_ms", Kind::integer, "builds.started_ms", !kNullable, kOnRequest},
     {"complete_at_ms", Kind::integer, "builds.complete_ms", kNullable, kOnRequest},
     {"attempt", Kind::integer, "builds.attempt", !kNullable, kOnRequest},
     {"changeids", Kind::list,
      "(SELECT json_group_array(c.changeid) FROM build_changes c WHERE c.buildid = builds.buildid)",
      !kNullable, kOnRequest, "integer"}}};

const Entity kBuilder{"builder",
                      "builders",
                      "builders",
                      "builderid",
                      {{"builderid", Kind::integer, "builders.builderid"},
                       {"name", Kind::string, "builders.name"},
                       {"masterids", Kind::list, "CASE WHEN builders.configured THEN '[1]' ELSE '[]' END",
                        !kNullable, !kOnRequest, "integer"},
                       {"description", Kind::string, "builders.description", kNullable},
                       {"description_format", Kind::string, "NULL", kNullable},
                       {"description_html", Kind::string, "NULL", kNullable},
                       {"projectid", Kind::integer, "NULL", kNullable},
                       {"tags", Kind::list, "builders.tags", !kNullable, !kOnRequest, "string"},
                       {"position", Kind::integer, "builders.position", !kNullable, kOnRequest}}};

const Entity kBuildrequest{
    "buildrequest",
    "buildrequests",
    "buildrequests",
    "buildrequestid",
    {{"buildrequestid", Kind::integer, "buildrequests.buildrequestid"},
     {"buildsetid", Kind::integer, "buildrequests.buildsetid"},
     {"builderid", Kind::integer, "buildrequests.builderid"},
     {"priority", Kind::integer, "buildrequests.priority"},
     {"claimed", Kind::boolean, "(buildrequests.claimed_build IS NOT NULL)"},
     {"claimed_at", Kind::datetime, "buildrequests.claimed_ms / 1000", kNullable},
     {"claimed_by_masterid", Kind::integer, "CASE WHEN buildrequests.claimed_build IS NOT NULL THEN 1 END",
      kNullable},
     {"complete", Kind::boolean, "buildrequests.complete"},
     {"results", Kind::integer, "COALESCE(buildrequests.results, -1)"},
     {"submitted_at", Kind::datetime, "buildrequests.submitted_ms / 1000"},
     {"complete_at", Kind::datetime, "buildrequests.complete_ms / 1000", kNullable},
     {"waited_for", Kind::boolean, "0"},
     {"properties", Kind::properties,
      "(SELECT bs.properties FROM buildsets bs WHERE bs.bsid = buildrequests.buildsetid)", kNullable},
     {"cancel_reason", Kind::string, "buildrequests.cancel_reason", kNullable, kOnRequest}}};

const Entity kBuildset{
    "buildset",
    "buildsets",
    "buildsets",
    "bsid",
    {{"bsid", Kind::integer, "buildsets.bsid"},
     {"external_idstring", Kind::string, "buildsets.external_idstring", kNullable},
     {"reason", Kind::string, "buildsets.reason"},
     {"rebuilt_buildid", Kind::integer, "NULL", kNullable},
     {"submitted_at", Kind::integer, "buildsets.submitted_ms / 1000"},
     {"complete", Kind::boolean, "buildsets.complete"},
     {"complete_at", Kind::integer, "buildsets.complete_ms / 1000", kNullable},
     {"results", Kind::integer, "COALESCE(buildsets.results, -1)", kNullable},
     {"sourcestamps", Kind::json,
      "(SELECT json_group_array(json(x.j)) FROM (SELECT " HEADRACE_SOURCESTAMP
      " AS j FROM buildset_sourcestamps b JOIN sourcestamps s USING(ssid) WHERE b.bsid = buildsets.bsid"
      " ORDER BY b.position) x)",
      !kNullable, !kOnRequest, "sourcestamp"},
     {"parent_buildid", Kind::integer, "NULL", kNullable},
     {"parent_relationship", Kind::string, "NULL", kNullable},
     {"scheduler", Kind::string, "buildsets.scheduler", !kNullable, kOnRequest}}};

const Entity kChange{
    "change",
    "changes",
    "changes",
    "changeid",
    {{"changeid", Kind::integer, "changes.changeid"},
     {"parent_changeids", Kind::list,
      "CASE WHEN changes.parent_changeid IS NULL THEN '[]' ELSE json_array(changes.parent_changeid) END",
      !kNullable, !kOnRequest, "integer"},
     {"author", Kind::string, "changes.author"},
     {"committer", Kind::string, "NULLIF(changes.committer, '')", kNullable},  // Buildbot's null: not known
     {"files", Kind::list, "changes.files", !kNullable, !kOnRequest, "string"},
     {"comments", Kind::string, "changes.comments"},
     {"revision", Kind::string, "changes.revision", kNullable},
     {"when_timestamp", Kind::integer, "changes.when_ms / 1000"},
     {"branch", Kind::string, "changes.branch", kNullable},
     {"category", Kind::string, "changes.category", kNullable},
     {"revlink", Kind::string, "changes.revlink", kNullable},
     {"properties", Kind::properties, "changes.properties"},
     {"repository", Kind::string, "changes.repository"},
     {"project", Kind::string, "changes.project"},
     {"codebase", Kind::string, "changes.codebase"},
     {"sourcestamp", Kind::json,
      "(SELECT " HEADRACE_SOURCESTAMP " FROM sourcestamps s WHERE s.ssid = changes.ssid)", !kNullable,
      !kOnRequest, "sourcestamp"}}};

// `failing` is not in Buildbot. It is shown without being asked for: who asks is not who needs it.
const Entity kChangesource{
    "changesource",
    "changesources",
    "changesources",
    "changesourceid",
    {{"changesourceid", Kind::integer, "changesources.changesourceid"},
     {"name", Kind::string, "changesources.name"},
     {"failing", Kind::string, "changesources.failing", kNullable},
     {"master", Kind::json, "CASE WHEN changesources.configured THEN " HEADRACE_MASTER " END", kNullable,
      !kOnRequest, "master"}}};

const Entity kForcescheduler{
    "forcescheduler",
    "forceschedulers",
    "schedulers",
    "schedulerid",
    {{"name", Kind::string, "schedulers.name"},
     {"button_name", Kind::string, "schedulers.button_name"},
     {"label", Kind::string, "schedulers.name"},
     {"builder_names", Kind::list, "schedulers.builder_names", !kNullable, !kOnRequest, "string"},
     {"enabled", Kind::boolean, "schedulers.configured"},
     {"all_fields", Kind::json, "'[]'", !kNullable, !kOnRequest, "forcescheduler_field"}}};

const Entity kLog{"log",
                  "logs",
                  "logs",
                  "logid",
                  {{"logid", Kind::integer, "logs.logid"},
                   {"name", Kind::string, "logs.name"},
                   {"slug", Kind::string, "logs.slug"},
                   {"stepid", Kind::integer, "logs.stepid"},
                   {"complete", Kind::boolean, "logs.complete"},
                   {"num_lines", Kind::integer, "logs.num_lines"},
                   {"type", Kind::string, "logs.type"},
                   {"size_bytes", Kind::integer, "logs.size_bytes", !kNullable, kOnRequest},
                   {"incomplete", Kind::boolean, "logs.incomplete", !kNullable, kOnRequest}}};

const Entity kMaster{
    "master",
    "masters",
    "(SELECT 1 AS masterid, 'headrace' AS name, 1 AS active, unixepoch() AS last_active) AS masters",
    "masterid",
    {{"masterid", Kind::integer, "masters.masterid"},
     {"name", Kind::string, "masters.name"},
     {"active", Kind::boolean, "masters.active"},
     {"last_active", Kind::datetime, "masters.last_active"}}};

const Entity kProperty{"_property",
                       "_properties",
                       "",
                       "p.key",
                       {{"name", Kind::string, "p.key"},
                        {"source", Kind::string, "json_extract(p.value, '$[1]')"},
                        {"value", Kind::string, "(p.value -> '$[0]')"}}};

const Entity kScheduler{
    "scheduler",
    "schedulers",
    "schedulers",
    "schedulerid",
    {{"schedulerid", Kind::integer, "schedulers.schedulerid"},
     {"name", Kind::string, "schedulers.name"},
     {"enabled", Kind::boolean, "schedulers.configured"},
     {"master", Kind::json, "CASE WHEN schedulers.configured THEN " HEADRACE_MASTER " END", kNullable,
      !kOnRequest, "master"}}};

const Entity kSourcestamp{"sourcestamp",
                          "sourcestamps",
                          "sourcestamps",
                          "ssid",
                          {{"ssid", Kind::integer, "sourcestamps.ssid"},
                           {"revision", Kind::string, "sourcestamps.revision", kNullable},
                           {"branch", Kind::string, "sourcestamps.branch", kNullable},
                           {"repository", Kind::string, "sourcestamps.repository"},
                           {"project", Kind::string, "sourcestamps.project"},
                           {"codebase", Kind::string, "sourcestamps.codebase"},
                           {"patch", Kind::json, "NULL", kNullable, !kOnRequest, "patch"},
                           {"created_at", Kind::datetime, "sourcestamps.created_ms / 1000"}}};

const Entity kStep{"step",
                   "steps",
                   "steps",
                   "stepid",
                   {{"stepid", Kind::integer, "steps.stepid"},
                    {"number", Kind::integer, "steps.number"},
                    {"name", Kind::string, "steps.name"},
                    {"buildid", Kind::integer, "steps.buildid"},
                    {"started_at", Kind::datetime, "steps.started_ms / 1000", kNullable},
                    {"locks_acquired_at", Kind::datetime, "steps.started_ms / 1000", kNullable},
                    {"complete", Kind::boolean, "steps.complete"},
                    {"complete_at", Kind::datetime, "steps.complete_ms / 1000", kNullable},
                    {"results", Kind::integer, "steps.results", kNullable},
                    {"state_string", Kind::string, "steps.state_string"},
                    {"urls", Kind::json, "steps.urls", !kNullable, !kOnRequest, "Url"},
                    {"hidden", Kind::boolean, "steps.hidden"},
                    {"started_at_ms", Kind::integer, "steps.started_ms", kNullable, kOnRequest},
                    {"complete_at_ms", Kind::integer, "steps.complete_ms", kNullable, kOnRequest}}};

const Entity kWorker{
    "worker",
    "workers",
    "workers",
    "workerid",
    {{"workerid", Kind::integer, "workers.workerid"},
     {"name", Kind::string, "workers.name"},
     {"connected_to", Kind::json, "CASE WHEN workers.connected THEN '[{\"masterid\":1}]' ELSE '[]' END",
      !kNullable, !kOnRequest, "connected_master"},
     {"configured_on", Kind::json,
      "(SELECT json_group_array(json_object('builderid', w.builderid, 'masterid', 1)) FROM builder_workers w"
      " WHERE w.workerid = workers.workerid)",
      !kNullable, !kOnRequest, "configured_builder"},
     {"workerinfo", Kind::json, "workers.workerinfo", !kNullable, !kOnRequest, "workerinfo"},
     {"paused", Kind::boolean, "0"},
     {"pause_reason", Kind::string, "NULL", kNullable},
     {"graceful", Kind::boolean, "0"},
     {"slots", Kind::integer, "workers.slots", !kNullable, kOnRequest}}};

}  // namespace entities
}  // namespace headrace::web
