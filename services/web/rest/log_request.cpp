// SPDX-License-Identifier: Apache-2.0
#include "web/rest/log_request.hpp"

#include <charconv>

#include "json/value.hpp"
#include "limits/limits.hpp"
#include "logchunk/chunk.hpp"

namespace headrace::web {
namespace {

constexpr std::string_view kChannels = "oeht";

// JSON text without its quotes.
std::string escaped(std::string_view text) {
  const std::string quoted = json::write(json::Value(text));
  return quoted.substr(1, quoted.size() - 2);
}

std::string as_contents(std::string_view framed) { return escaped(logchunk::to_buildbot_lines(framed)); }
std::string as_plain_contents(std::string_view framed) {
  return escaped(logchunk::unframe(framed, kChannels));
}
std::string as_raw(std::string_view framed) { return logchunk::unframe(framed, kChannels); }

// A name inside a quoted header value.
std::string file_name(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_';
    out += plain ? c : '_';
  }
  return out;
}

Download contents(const LogRequest& wanted, const LogFound& log, std::string_view accept) {
  Download d;
  d.first_line = wanted.offset;
  d.lines = wanted.limit;
  d.transform = log.type == "s" ? as_contents : as_plain_contents;
  const bool as_json = accept.find("application/json") != std::string_view::npos;
  d.head.content_type = as_json ? "application/json; charset=utf-8" : "text/plain; charset=utf-8";
  d.head.body = "{\"logchunks\":[{\"content\":\"";
  d.tail = "\",\"firstline\":" + std::to_string(wanted.offset) + ",\"logid\":" + std::to_string(log.logid) +
           "}],\"meta\":{}}";
  return d;
}

Download raw(const LogRequest& wanted, const LogFound& log) {
  Download d;
  d.transform = as_raw;
  d.head.content_type = "text/plain; charset=utf-8";
  if (log.type == "h" && wanted.ending == Ending::raw_inline) {
    // The text of a build is shown in a sandbox: it may run no script and has no cookies.
    d.head.content_type = "text/html; charset=utf-8";
    d.head.headers.emplace_back("Content-Security-Policy",
                                "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:");
  }
  d.head.headers.emplace_back("X-Content-Type-Options", "nosniff");
  if (wanted.ending == Ending::raw)
    d.head.headers.emplace_back("Content-Disposition",
                                "attachment; filename=\"" + file_name(log.builder_name) + "_build_" +
                                    std::to_string(log.build_number) + "_step_" + file_name(log.step_name) +
                                    "_log_" + file_name(log.slug) + "\"");
  if (log.type == "s")
    d.head.body = "Builder: " + log.builder_name + "\nBuild number: " + std::to_string(log.build_number) +
                  "\nWorker name: " + log.worker_name + "\n";
  return d;
}

}  // namespace

Result<LogRequest> LogRequest::read(const Endpoint& endpoint, const Parameters& parameters) {
  LogRequest r;
  r.ending = endpoint.ending;
  for (const auto& [name, value] : parameters) {
    if (endpoint.ending != Ending::contents || (name != "offset" && name != "limit"))
      return fail("no such field '" + name + "'");
    std::int64_t n = 0;
    const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), n);
    if (failed != std::errc{} || end != value.data() + value.size() || n < 0 || n > limits::kLargestNumber)
      return fail("invalid " + name + " '" + value + "': a number from 0 is expected");
    (name == "offset" ? r.offset : r.limit) = n;
  }
  return r;
}

Result<LogFound> find_log(Database& db, const Scope& scope) {
  Statement s = db.prepare(
      "SELECT logs.logid, logs.slug, logs.type, logs.complete, logs.num_lines, steps.name, builds.number, "
      "builders.name,"
      " workers.name, logs.size_bytes, builds.started_ms FROM logs JOIN steps USING(stepid) JOIN builds "
      "USING(buildid) JOIN builders "
      "USING(builderid)"
      " JOIN workers USING(workerid) WHERE logs.logid = (SELECT logid FROM logs WHERE " +
      scope.condition + ")");
  for (std::size_t i = 0; i < scope.values.size(); ++i) s.bind(static_cast<int>(i) + 1, scope.values[i]);
  if (!s.step()) return fail("log not found");
  LogFound f;
  f.logid = s.integer(0);
  f.slug = s.text(1);
  f.type = s.text(2);
  f.step_name = s.text(5);
  f.build_number = s.integer(6);
  f.builder_name = s.text(7);
  f.worker_name = s.text(8);
  const std::int64_t step = f.logid / kMaxLogsPerStep;
  f.address = {BuildId{step / kMaxSteps},
               static_cast<int>(step % kMaxSteps),
               static_cast<int>(f.logid % kMaxLogsPerStep),
               s.integer(3) != 0,
               s.integer(4),
               s.integer(9),
               s.integer(10)};
  return f;
}

Download make_download(const LogRequest& wanted, const LogFound& log, std::string_view accept) {
  Download d = wanted.ending == Ending::contents ? contents(wanted, log, accept) : raw(wanted, log);
  d.log = log.address;
  return d;
}

}  // namespace headrace::web
