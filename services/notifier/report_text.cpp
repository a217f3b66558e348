// SPDX-License-Identifier: Apache-2.0
#include "notifier/report_text.hpp"

#include <algorithm>

#include "notifier/reporters/mail/address.hpp"

namespace headrace::notifier {
namespace {

constexpr std::size_t kMaxChanges = 50, kMaxFiles = 20, kMaxLine = 200;

std::string name_of(Results r) { return std::string(results_name(r)); }

bool went_wrong(Results r) { return r != Results::success && r != Results::skipped; }

std::string first_line(const std::string& text) {
  std::string line = text.substr(0, text.find_first_of("\r\n"));
  if (line.size() > kMaxLine) line = line.substr(0, kMaxLine) + "...";
  return line;
}

// Percent-encodes what may not stand in a fragment or would end a path segment in it.
std::string url_segment(const std::string& text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char ch : text) {
    const auto c = static_cast<unsigned char>(ch);
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alnum || std::string_view("-._~").find(ch) != std::string_view::npos) {
      out += ch;
    } else {
      out += '%';
      out += kHex[c >> 4];
      out += kHex[c & 15];
    }
  }
  return out;
}

std::string duration(std::int64_t ms) {
  const std::int64_t s = std::max<std::int64_t>(0, ms) / 1000;
  if (s < 60) return std::to_string(s) + " s";
  if (s < 3600) return std::to_string(s / 60) + " min " + std::to_string(s % 60) + " s";
  return std::to_string(s / 3600) + " h " + std::to_string(s / 60 % 60) + " min";
}

// "main", "main (repo-a), 1.x (repo-b)"; "" when no source names a branch.
std::string branches(const wire::Build& build) {
  std::string out;
  for (const auto& s : build.sourcestamps) {
    if (!s.branch || s.branch->empty()) continue;
    out += (out.empty() ? "" : ", ") + *s.branch;
    if (build.sourcestamps.size() > 1 && !s.codebase.empty()) out += " (" + s.codebase + ")";
  }
  return out;
}

void add_field(std::string& out, const std::string& name, const std::string& value) {
  if (!value.empty())
    out += name + ":" + std::string(12 - std::min<std::size_t>(11, name.size() + 1), ' ') + value + "\n";
}

void add_sources(std::string& out, const wire::Build& build) {
  for (const auto& s : build.sourcestamps) {
    std::string text = s.branch.value_or("(default branch)");
    text += s.revision ? " at " + *s.revision : "";
    if (!s.repository.empty()) text += " of " + s.repository;
    add_field(out, s.codebase.empty() ? "Source" : "Source " + s.codebase, text);
  }
}

void add_steps(std::string& out, const BuildReport& report, const std::string& url) {
  bool any = false;
  for (const auto& step : report.build.steps) {
    if (!step.results || !went_wrong(*step.results)) continue;
    out += any ? "" : "\nSteps that did not succeed:\n";
    any = true;
    out += "  " + step.name + ": " + name_of(*step.results);
    if (!step.state_string.empty()) out += " - " + first_line(step.state_string);
    out += "\n";
    for (const auto& log : step.logs)
      out += "    " + url + "/steps/" + std::to_string(step.number) + "/logs/" + url_segment(log.slug) + "\n";
  }
}

void add_changes(std::string& out, const BuildReport& report) {
  if (report.changes.empty()) return;
  out += "\nChanges:\n";
  std::size_t shown = 0;
  for (const auto& change : report.changes) {
    if (++shown > kMaxChanges) break;
    out += "  " + change.revision.value_or("(no revision)").substr(0, 12) + " by " + change.author + "\n";
    out += "    " + first_line(change.comments) + "\n";
    if (change.revlink && !change.revlink->empty()) out += "    " + *change.revlink + "\n";
    std::size_t files = 0;
    for (const auto& file : change.files) {
      if (++files > kMaxFiles) {
        out += "      ... and " + std::to_string(change.files.size() - kMaxFiles) + " more files\n";
        break;
      }
      out += "      " + file + "\n";
    }
  }
  if (report.changes.size() > kMaxChanges)
    out += "  ... and " + std::to_string(report.changes.size() - kMaxChanges) + " more changes\n";
}

json::Value or_null(const std::optional<std::string>& text) {
  return text ? json::Value(*text) : json::Value();
}
json::Value or_null(const std::optional<Results>& r) {
  return r ? json::Value(static_cast<int>(*r)) : json::Value();
}
json::Value name_or_null(const std::optional<Results>& r) {
  return r ? json::Value(name_of(*r)) : json::Value();
}
json::Value texts(const std::vector<std::string>& list) { return json::Array(list.begin(), list.end()); }

json::Value changes_argument(const BuildReport& report) {
  json::Array out;
  for (const auto& c : report.changes)
    out.push_back(json::Object{{"author", c.author},
                               {"comments", c.comments},
                               {"files", texts(c.files)},
                               {"revision", or_null(c.revision)},
                               {"branch", or_null(c.branch)},
                               {"category", or_null(c.category)},
                               {"revlink", or_null(c.revlink)},
                               {"repository", c.repository},
                               {"project", c.project},
                               {"codebase", c.codebase}});
  return out;
}

json::Value build_argument(const BuildReport& report) {
  const auto& b = report.build;
  json::Object properties, sources;
  for (const auto& [name, property] : b.properties) properties[name] = property.value;
  for (const auto& s : b.sourcestamps)
    sources[s.codebase] = json::Object{{"codebase", s.codebase},
                                       {"repository", s.repository},
                                       {"project", s.project},
                                       {"branch", or_null(s.branch)},
                                       {"revision", or_null(s.revision)}};
  json::Array steps;
  for (const auto& s : b.steps) {
    json::Array logs;
    for (const auto& log : s.logs) logs.push_back(log.name);
    steps.push_back(json::Object{{"number", s.number},
                                 {"name", s.name},
                                 {"results", or_null(s.results)},
                                 {"result_name", name_or_null(s.results)},
                                 {"state_string", s.state_string},
                                 {"hidden", s.hidden},
                                 {"logs", std::move(logs)}});
  }
  return json::Object{{"number", b.number},
                      {"buildid", b.id.value},
                      {"attempt", b.attempt},
                      {"builder", b.builder},
                      {"worker", b.worker},
                      {"results", static_cast<int>(report.results)},
                      {"result_name", name_of(report.results)},
                      {"state_string", b.state_string},
                      {"started_at", b.started_ms / 1000},
                      {"complete_at", b.complete_ms / 1000},
                      {"properties", std::move(properties)},
                      {"sources", std::move(sources)},
                      {"changes", changes_argument(report)},
                      {"steps", std::move(steps)}};
}

}  // namespace

std::string build_url(const config::Site& site, const wire::Build& build) {
  std::string url = site.url;
  if (!url.ends_with('/')) url += '/';
  return url + "#/builders/" + url_segment(build.builder) + "/builds/" + std::to_string(build.number);
}

std::string status_detected(const std::vector<std::string>& mode, Results results,
                            std::optional<Results> previous) {
  const auto in_mode = [&](std::string_view name) {
    return std::find(mode.begin(), mode.end(), name) != mode.end();
  };
  switch (results) {
    case Results::failure:
      return (in_mode("change") || in_mode("problem")) && previous && *previous != results ? "new failure"
                                                                                           : "failed build";
    case Results::warnings:
      return "problem in the build";
    case Results::success:
      return in_mode("change") && previous && *previous != results ? "restored build" : "passing build";
    case Results::exception:
      return "build exception";
    default:
      return name_of(results) + " build";
  }
}

std::string default_subject(const config::Site& site, const config::Reporter& reporter,
                            const BuildReport& report) {
  const std::string branch = branches(report.build);
  return "[" + name_of(report.results) + "] " + site.title + ": " + report.build.builder + " #" +
         std::to_string(report.build.number) + (branch.empty() ? "" : " (" + branch + ")") + " - " +
         status_detected(reporter.mode, report.results, report.previous);
}

std::string default_body(const config::Site& site, const config::Reporter& reporter,
                         const BuildReport& report) {
  const auto& b = report.build;
  const std::string url = build_url(site, b);
  std::string out = "A " + status_detected(reporter.mode, report.results, report.previous) + " of " +
                    b.builder + " at " + site.title + ".\n\n";
  add_field(
      out, "Result",
      name_of(report.results) + (report.previous ? " (before: " + name_of(*report.previous) + ")" : ""));
  add_field(out, "Builder", b.builder);
  add_field(out, "Build",
            "#" + std::to_string(b.number) + (b.attempt > 1 ? ", attempt " + std::to_string(b.attempt) : ""));
  add_field(out, "URL", url);
  add_field(out, "Worker", b.worker);
  if (report.buildset) add_field(out, "Reason", first_line(report.buildset->reason));
  add_field(out, "Took", duration(b.complete_ms - b.started_ms));
  add_field(out, "State", first_line(b.state_string));
  add_sources(out, b);
  std::string users;
  for (const auto& user : interested_users(report)) users += (users.empty() ? "" : ", ") + user;
  add_field(out, "Blamelist", users);
  add_steps(out, report, url);
  add_changes(out, report);
  return out;
}

json::Value report_argument(const config::Site& site, const config::Reporter& reporter,
                            const BuildReport& report) {
  return json::Object{{"results", static_cast<int>(report.results)},
                      {"result_name", name_of(report.results)},
                      {"previous_results", or_null(report.previous)},
                      {"status_detected", status_detected(reporter.mode, report.results, report.previous)},
                      {"mode", texts(reporter.mode)},
                      {"reporter", reporter.name},
                      {"builder", report.build.builder},
                      {"url", build_url(site, report.build)},
                      {"title", site.title},
                      {"reason", report.buildset ? json::Value(report.buildset->reason) : json::Value()},
                      {"users", texts(interested_users(report))},
                      {"changes", changes_argument(report)},
                      {"build", build_argument(report)}};
}

}  // namespace headrace::notifier
