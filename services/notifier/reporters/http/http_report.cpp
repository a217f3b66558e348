// SPDX-License-Identifier: Apache-2.0
#include "notifier/reporters/http/http_report.hpp"

#include "notifier/report_text.hpp"

namespace headrace::notifier {
namespace {

json::Value or_null(const std::optional<std::string>& text) {
  return text ? json::Value(*text) : json::Value();
}
json::Value or_null(const std::optional<Results>& r) {
  return r ? json::Value(static_cast<int>(*r)) : json::Value();
}
json::Value id_or_null(std::int64_t id) { return id ? json::Value(id) : json::Value(); }
json::Value seconds_or_null(std::int64_t ms) { return ms ? json::Value(ms / 1000) : json::Value(); }

json::Value sourcestamps(const std::vector<wire::SourceStamp>& list) {
  json::Array out;
  for (const auto& s : list)
    out.push_back(json::Object{{"codebase", s.codebase},
                               {"repository", s.repository},
                               {"project", s.project},
                               {"branch", or_null(s.branch)},
                               {"revision", or_null(s.revision)}});
  return out;
}

json::Value steps(const wire::Build& build) {
  json::Array out;
  for (const auto& s : build.steps) {
    json::Array urls, logs;
    for (const auto& u : s.urls) urls.push_back(json::Object{{"name", u.name}, {"url", u.url}});
    for (const auto& l : s.logs)
      logs.push_back(json::Object{{"logid", log_id(build.id, s.number, l.index)},
                                  {"name", l.name},
                                  {"slug", l.slug},
                                  {"type", l.type},
                                  {"complete", l.complete},
                                  {"num_lines", l.lines}});
    out.push_back(json::Object{{"stepid", step_id(build.id, s.number)},
                               {"number", s.number},
                               {"name", s.name},
                               {"results", or_null(s.results)},
                               {"state_string", s.state_string},
                               {"complete", s.complete_ms != 0},
                               {"started_at", seconds_or_null(s.started_ms)},
                               {"complete_at", seconds_or_null(s.complete_ms)},
                               {"hidden", s.hidden},
                               {"urls", std::move(urls)},
                               {"logs", std::move(logs)}});
  }
  return out;
}

json::Value changes(const BuildReport& report) {
  json::Array out;
  for (const auto& c : report.changes)
    out.push_back(json::Object{{"changeid", c.id.value},
                               {"author", c.author},
                               {"committer", c.committer},
                               {"comments", c.comments},
                               {"files", json::Array(c.files.begin(), c.files.end())},
                               {"revision", or_null(c.revision)},
                               {"branch", or_null(c.branch)},
                               {"category", or_null(c.category)},
                               {"revlink", or_null(c.revlink)},
                               {"repository", c.repository},
                               {"project", c.project},
                               {"codebase", c.codebase},
                               {"when_timestamp", seconds_or_null(c.when_ms)},
                               {"properties", to_json(c.properties)}});
  return out;
}

}  // namespace

json::Value http_document(const config::Site& site, const BuildReport& report, const std::string& key) {
  const auto& b = report.build;
  json::Object builder{{"name", b.builder},
                       {"builderid", id_or_null(report.builder_id)},
                       {"tags", json::Array(report.tags.begin(), report.tags.end())}};
  if (const auto* declared = site.builder(b.builder)) builder["description"] = declared->description;
  json::Object buildset{{"bsid", b.buildset.value}, {"sourcestamps", sourcestamps(b.sourcestamps)}};
  if (report.buildset) {
    buildset["reason"] = report.buildset->reason;
    buildset["external_idstring"] = or_null(report.buildset->external_id);
  }
  return json::Object{
      {"id", key},
      {"buildid", b.id.value},
      {"number", b.number},
      {"attempt", b.attempt},
      {"builderid", id_or_null(report.builder_id)},
      {"buildrequestid", b.request.value},
      {"workername", b.worker},
      {"started_at", seconds_or_null(b.started_ms)},
      {"complete_at", seconds_or_null(b.complete_ms)},
      {"complete", true},
      {"results", static_cast<int>(report.results)},
      {"state_string", b.state_string},
      {"properties", to_json(b.properties)},
      {"builder", std::move(builder)},
      {"buildset", std::move(buildset)},
      {"url", build_url(site, b)},
      {"prev_build",
       report.previous ? json::Value(json::Object{{"results", or_null(report.previous)}}) : json::Value()},
      {"steps", steps(b)},
      {"changes", changes(report)}};
}

Message http_report(const config::Site& site, const BuildReport& report) {
  Message message;
  message.key = "build-" + report_id(report) + "-http";
  message.kind = "http";
  message.at_ms = report.at_ms;
  message.text = json::write(http_document(site, report, message.key));
  return message;
}

}  // namespace headrace::notifier
