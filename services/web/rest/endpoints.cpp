// SPDX-License-Identifier: Apache-2.0
// Every path of REST v2 that leads to rows, and the condition that selects them.
#include "web/rest/routes.hpp"

namespace headrace::web {
namespace {

using namespace entities;

std::string join(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const auto& p : parts) out += p;
  return out;
}

const std::string kBuildOfBuilder = "(SELECT buildid FROM builds WHERE builderid = $1 AND number = $2)";
const std::string kStepOfBuild =
    "(SELECT stepid FROM steps WHERE stepid BETWEEN $1 * 4096 AND $1 * 4096 + 4095 AND $2)";
const std::string kStepOfNumbered =
    "(SELECT steps.stepid FROM builds b JOIN steps ON steps.stepid BETWEEN b.buildid * 4096 AND b.buildid * "
    "4096 + 4095"
    " WHERE b.builderid = $1 AND b.number = $2 AND $3)";

std::string steps_of(const std::string& build) {
  return join({"stepid BETWEEN ", build, " * 4096 AND ", build, " * 4096 + 4095"});
}
std::string logs_of(const std::string& step) {
  return join({"logid BETWEEN ", step, " * 64 AND ", step, " * 64 + 63"});
}
std::string changes_of(const std::string& build) {
  return join({"changeid IN (SELECT c.changeid FROM build_changes c WHERE c.buildid = ", build, ")"});
}
std::string properties_of(std::string_view table) {
  return join({table, ", json_each(", table, ".properties) p"});
}

// The endpoints of one kind of log path: list, one, contents, raw, raw_inline.
void add_logs(std::vector<Endpoint>& all, const std::vector<std::string_view>& patterns,
              const std::string& step, const std::string& slug) {
  const std::string one = logs_of(step) + " AND slug = " + slug;
  all.push_back({patterns[0], &kLog, true, Ending::rows, logs_of(step)});
  all.push_back({patterns[1], &kLog, false, Ending::rows, one});
  all.push_back({patterns[2], &kLog, false, Ending::contents, one});
  all.push_back({patterns[3], &kLog, false, Ending::raw, one});
  all.push_back({patterns[4], &kLog, false, Ending::raw_inline, one});
}

#define HEADRACE_LOG_PATHS(step)                                                                          \
  {                                                                                                       \
    step "/logs", step "/logs/i:log_slug", step "/logs/i:log_slug/contents", step "/logs/i:log_slug/raw", \
        step "/logs/i:log_slug/raw_inline"                                                                \
  }

std::vector<Endpoint> make_endpoints() {
  std::vector<Endpoint> e{
      {"builders", &kBuilder, true},
      {"builders/B:builderid", &kBuilder, false, Ending::rows, "builderid = $1"},
      {"builders/B:builderid/builds", &kBuild, true, Ending::rows, "builderid = $1"},
      {"builders/B:builderid/builds/n:build_number", &kBuild, false, Ending::rows,
       "builderid = $1 AND number = $2"},
      {"builders/B:builderid/builds/n:build_number/changes", &kChange, true, Ending::rows,
       changes_of(kBuildOfBuilder)},
      {"builders/B:builderid/builds/n:build_number/properties", &kBuild, false, Ending::dictionary,
       "builderid = $1 AND number = $2"},
      {"builders/B:builderid/builds/n:build_number/steps", &kStep, true, Ending::rows,
       steps_of(kBuildOfBuilder)},
      {"builders/B:builderid/builds/n:build_number/steps/S:step", &kStep, false, Ending::rows,
       steps_of(kBuildOfBuilder) + " AND $3"},
      {"builders/B:builderid/buildrequests", &kBuildrequest, true, Ending::rows, "builderid = $1"},
      {"builders/B:builderid/forceschedulers", &kForcescheduler, true, Ending::rows,
       "kind = 'force' AND configured AND EXISTS (SELECT 1 FROM json_each(builder_names) n JOIN builders b"
       " ON b.name = n.value WHERE b.builderid = $1)"},
      {"builders/B:builderid/masters", &kMaster, true, Ending::rows,
       "EXISTS (SELECT 1 FROM builders WHERE builderid = $1 AND configured)"},
      {"builders/B:builderid/masters/n:masterid", &kMaster, false, Ending::rows,
       "EXISTS (SELECT 1 FROM builders WHERE builderid = $1 AND configured) AND masterid = $2"},
      {"builders/B:builderid/workers", &kWorker, true, Ending::rows,
       "workerid IN (SELECT w.workerid FROM builder_workers w WHERE w.builderid = $1)"},
      {"builders/B:builderid/workers/W:workerid", &kWorker, false, Ending::rows,
       "workerid IN (SELECT w.workerid FROM builder_workers w WHERE w.builderid = $1) AND workerid = $2"},
      {"buildrequests", &kBuildrequest, true},
      {"buildrequests/n:buildrequestid", &kBuildrequest, false, Ending::rows, "buildrequestid = $1"},
      {"buildrequests/n:buildrequestid/builds", &kBuild, true, Ending::rows, "buildrequestid = $1"},
      {"builds", &kBuild, true},
      {"builds/n:buildid", &kBuild, false, Ending::rows, "buildid = $1"},
      {"builds/n:buildid/changes", &kChange, true, Ending::rows, changes_of("$1")},
      {"builds/n:buildid/properties", &kBuild, false, Ending::dictionary, "buildid = $1"},
      {"builds/n:buildid/property_list", &kProperty, true, Ending::rows, "buildid = $1",
       properties_of("builds")},
      {"builds/n:buildid/steps", &kStep, true, Ending::rows, steps_of("$1")},
      {"builds/n:buildid/steps/S:step", &kStep, false, Ending::rows, steps_of("$1") + " AND $2"},
      {"buildsets", &kBuildset, true},
      {"buildsets/n:bsid", &kBuildset, false, Ending::rows, "bsid = $1"},
      {"buildsets/n:bsid/properties", &kBuildset, false, Ending::dictionary, "bsid = $1"},
      {"buildsets/n:bsid/properties_list", &kProperty, true, Ending::rows, "bsid = $1",
       properties_of("buildsets")},
      {"buildsets/n:bsid/sourcestamps", &kSourcestamp, true, Ending::rows,
       "ssid IN (SELECT b.ssid FROM buildset_sourcestamps b WHERE b.bsid = $1)"},
      {"changes", &kChange, true},
      {"changes/n:changeid", &kChange, false, Ending::rows, "changeid = $1"},
      {"changes/n:changeid/builds", &kBuild, true, Ending::rows,
       "buildid IN (SELECT c.buildid FROM build_changes c WHERE c.changeid = $1)"},
      {"changes/n:changeid/properties_list", &kProperty, true, Ending::rows, "changeid = $1",
       properties_of("changes")},
      {"changesources", &kChangesource, true, Ending::rows, "configured"},
      {"changesources/n:changesourceid", &kChangesource, false, Ending::rows, "changesourceid = $1"},
      {"forceschedulers", &kForcescheduler, true, Ending::rows, "kind = 'force' AND configured"},
      {"forceschedulers/s:schedulername", &kForcescheduler, false, Ending::rows,
       "kind = 'force' AND configured AND name = $1"},
      {"logs/n:logid", &kLog, false, Ending::rows, "logid = $1"},
      {"logs/n:logid/contents", &kLog, false, Ending::contents, "logid = $1"},
      {"logs/n:logid/raw", &kLog, false, Ending::raw, "logid = $1"},
      {"logs/n:logid/raw_inline", &kLog, false, Ending::raw_inline, "logid = $1"},
      {"masters", &kMaster, true},
      {"masters/n:masterid", &kMaster, false, Ending::rows, "masterid = $1"},
      {"masters/n:masterid/builders", &kBuilder, true, Ending::rows, "configured AND $1 = 1"},
      {"masters/n:masterid/builders/B:builderid", &kBuilder, false, Ending::rows,
       "configured AND $1 = 1 AND builderid = $2"},
      {"masters/n:masterid/builders/B:builderid/workers", &kWorker, true, Ending::rows,
       "$1 = 1 AND workerid IN (SELECT w.workerid FROM builder_workers w WHERE w.builderid = $2)"},
      {"masters/n:masterid/builders/B:builderid/workers/W:workerid", &kWorker, false, Ending::rows,
       "$1 = 1 AND workerid IN (SELECT w.workerid FROM builder_workers w WHERE w.builderid = $2) AND "
       "workerid = $3"},
      {"masters/n:masterid/schedulers", &kScheduler, true, Ending::rows, "configured AND $1 = 1"},
      {"masters/n:masterid/schedulers/n:schedulerid", &kScheduler, false, Ending::rows,
       "configured AND $1 = 1 AND schedulerid = $2"},
      {"masters/n:masterid/workers", &kWorker, true, Ending::rows, "configured AND $1 = 1"},
      {"masters/n:masterid/workers/W:workerid", &kWorker, false, Ending::rows,
       "configured AND $1 = 1 AND workerid = $2"},
      {"schedulers", &kScheduler, true},
      {"schedulers/n:schedulerid", &kScheduler, false, Ending::rows, "schedulerid = $1"},
      {"sourcestamps", &kSourcestamp, true},
      {"sourcestamps/n:ssid", &kSourcestamp, false, Ending::rows, "ssid = $1"},
      {"sourcestamps/n:ssid/changes", &kChange, true, Ending::rows, "ssid = $1"},
      {"steps/n:stepid", &kStep, false, Ending::rows, "stepid = $1"},
      {"workers", &kWorker, true},
      {"workers/W:workerid", &kWorker, false, Ending::rows, "workerid = $1"},
      {"workers/W:workerid/builders", &kBuilder, true, Ending::rows,
       "builderid IN (SELECT w.builderid FROM builder_workers w WHERE w.workerid = $1)"},
      {"workers/W:workerid/builds", &kBuild, true, Ending::rows, "workerid = $1"}};
  add_logs(e, HEADRACE_LOG_PATHS("steps/n:stepid"), "$1", "$2");
  add_logs(e, HEADRACE_LOG_PATHS("builds/n:buildid/steps/S:step"), kStepOfBuild, "$3");
  add_logs(e, HEADRACE_LOG_PATHS("builders/B:builderid/builds/n:build_number/steps/S:step"), kStepOfNumbered,
           "$4");
  return e;
}

}  // namespace

const std::vector<Endpoint>& endpoints() {
  static const std::vector<Endpoint> all = make_endpoints();
  return all;
}

}  // namespace headrace::web
