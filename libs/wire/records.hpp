// SPDX-License-Identifier: Apache-2.0
// The records of the system: what events carry, what Redis stores, what the history is made of.
// All times are milliseconds since the epoch (0: not yet).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/ids.hpp"
#include "model/property.hpp"
#include "model/results.hpp"

namespace headrace::wire {

/// What to check out of one codebase.
struct SourceStamp {
  std::string codebase;
  std::string repository;
  std::string project;
  std::optional<std::string> branch;
  std::optional<std::string> revision;

  bool operator==(const SourceStamp&) const = default;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("codebase", s.codebase), f("repository", s.repository), f("project", s.project);
    f("branch", s.branch), f("revision", s.revision);
  }
};

/// One commit (or pull request state) that somebody pushed. Event `change.new`, id `changeid`.
struct Change {
  static constexpr int kVersion = 1;
  ChangeId id;  ///< not on the wire: given by the store, read from the event's ids or the hash field
  std::string author;
  std::string committer;
  std::string comments;
  std::vector<std::string> files;
  std::optional<std::string> revision;
  std::optional<std::string> branch;
  std::optional<std::string> category;
  std::optional<std::string> revlink;
  std::string repository;
  std::string project;
  std::string codebase;
  std::int64_t when_ms = 0;
  Properties properties;
  std::string source;  ///< who brought it: "github", "base", "git-poller:<name>", "sendchange"

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("author", s.author), f("committer", s.committer), f("comments", s.comments), f("files", s.files);
    f("revision", s.revision), f("branch", s.branch), f("category", s.category), f("revlink", s.revlink);
    f("repository", s.repository), f("project", s.project), f("codebase", s.codebase);
    f("when", s.when_ms), f("properties", s.properties), f("source", s.source);
  }
};

/// One request of a buildset: build this builder.
struct RequestRef {
  RequestId id;  ///< given by the store: ids are consecutive from the event's `first_request`
  std::string builder;
  std::int64_t priority = 0;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("builder", s.builder), f("priority", s.priority);
  }
};

/// A decision to build. Event `buildset.new`, ids `bsid` and `first_request` (the requests follow in
/// order). The whole of each request is in here.
struct Buildset {
  static constexpr int kVersion = 1;
  BuildsetId id;                  ///< not on the wire
  std::int64_t submitted_ms = 0;  ///< not on the wire: the event's time
  std::string scheduler;
  std::string reason;
  std::optional<std::string> external_id;
  std::vector<SourceStamp> sourcestamps;
  std::vector<ChangeId> changes;  ///< oldest first
  Properties properties;          ///< scheduler's and changes', layered
  std::vector<RequestRef> requests;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("scheduler", s.scheduler), f("reason", s.reason), f("external_id", s.external_id);
    f("sourcestamps", s.sourcestamps), f("changes", s.changes), f("properties", s.properties);
    f("requests", s.requests);
  }
};

/// One log of a step. `size` and `crc` are of the framed text (see logchunk/frame.hpp).
struct LogRecord {
  int index = 0;           ///< in its step, from 0
  std::string name;        ///< free text, "stdio"
  std::string slug;        ///< identifier, unique in the step
  std::string type = "s";  ///< Buildbot's: s stream, t text, h html
  bool complete = false;
  bool incomplete = false;  ///< the worker was lost: the end of the log is missing
  std::int64_t lines = 0;
  std::int64_t size_bytes = 0;
  std::int64_t crc = 0;  ///< CRC-32 (zlib)

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("index", s.index), f("name", s.name), f("slug", s.slug), f("type", s.type), f("complete", s.complete);
    f("incomplete", s.incomplete), f("lines", s.lines), f("size", s.size_bytes), f("crc", s.crc);
  }
};

struct Url {
  std::string name;
  std::string url;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("name", s.name), f("url", s.url);
  }
};

/// One step of a build. Events `step.started`, `step.finished`, ids `buildid`, `step`.
struct StepRecord {
  static constexpr int kVersion = 1;
  int number = 0;  ///< in its build, from 0
  std::string name;
  std::int64_t started_ms = 0;
  std::int64_t complete_ms = 0;  ///< 0 while it runs
  std::optional<Results> results;
  std::string state_string;
  bool hidden = false;
  std::vector<Url> urls;
  std::vector<LogRecord> logs;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("number", s.number), f("name", s.name), f("started", s.started_ms), f("complete", s.complete_ms);
    f("results", s.results), f("state_string", s.state_string), f("hidden", s.hidden), f("urls", s.urls);
    f("logs", s.logs);
  }
};

/// One build: an attempt to satisfy a request. Events `build.new` (no steps yet), `build.properties`,
/// `build.finished` (whole); ids `buildid`, `number`, `request`, `attempt`.
struct Build {
  static constexpr int kVersion = 1;
  BuildId id;               ///< not on the wire
  std::int64_t number = 0;  ///< not on the wire: per builder, from 1
  int attempt = 0;          ///< not on the wire: of its request, from 1
  RequestId request;
  BuildsetId buildset;
  std::string builder;
  std::string worker;
  ConfigVersion config;
  std::int64_t started_ms = 0;   ///< not on the wire of build.new: the event's time
  std::int64_t complete_ms = 0;  ///< 0 while it runs
  std::optional<Results> results;
  std::string state_string;
  Properties properties;
  std::vector<SourceStamp> sourcestamps;
  std::vector<ChangeId> changes;
  std::vector<StepRecord> steps;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("request", s.request), f("buildset", s.buildset), f("builder", s.builder), f("worker", s.worker);
    f("config", s.config), f("started", s.started_ms), f("complete", s.complete_ms), f("results", s.results);
    f("state_string", s.state_string), f("properties", s.properties), f("sourcestamps", s.sourcestamps);
    f("changes", s.changes), f("steps", s.steps);
  }
};

/// What a worker says of itself. Events `worker.connected`, `worker.disconnected`, id `session`.
struct WorkerInfo {
  static constexpr int kVersion = 1;
  std::string name;
  std::string version;
  std::map<std::string, std::string> facts;  ///< host, system, os_id, numcpus, basedir, admin …

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("name", s.name), f("version", s.version), f("facts", s.facts);
  }
};

}  // namespace headrace::wire
