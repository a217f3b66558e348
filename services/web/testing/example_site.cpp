// SPDX-License-Identifier: Apache-2.0
#include "web/testing/example_site.hpp"

namespace headrace::web {

config::Site example_site() {
  config::Site site;
  site.title = "Acme";
  for (const char* name : {"w1", "w2"}) {
    config::Worker w;
    w.name = name;
    w.slots = 2;
    site.workers.push_back(w);
  }
  for (const char* name : {"kernel", "docs"}) {
    config::Builder b;
    b.name = name;
    b.workers = {"w1", "w2"};
    b.tags = {"c", name};
    b.description = "builds " + b.name;
    site.builders.push_back(b);
  }
  config::Scheduler main, force;
  main.name = "main";
  main.kind = "branch";
  force.name = "force";
  force.kind = "force";
  force.options = json::Object{{"button_name", "Build"}};
  main.builders = force.builders = {"kernel", "docs"};
  site.schedulers = {main, force};
  return site;
}

Names example_names() {
  Names n;
  n.builders = {{"kernel", 1}, {"docs", 2}};
  n.workers = {{"w1", 1}, {"w2", 2}};
  n.schedulers = {{"main", 1}, {"force", 2}};
  return n;
}

wire::Change example_change(const std::string& branch, const std::string& revision) {
  wire::Change c;
  c.author = "Ann <ann@example.org>";
  c.committer = c.author;
  c.comments = "mend the sluice " + revision;
  c.files = {"src/gate.c", "src/wheel.c"};
  c.revision = revision;
  c.branch = branch;
  c.repository = "https://git.example.org/mill.git";
  c.project = "mill";
  c.when_ms = 1'700'000'000'500;
  c.properties["pull"] = {7, "Change"};
  return c;
}

wire::Buildset example_buildset(const std::vector<std::string>& builders,
                                const std::vector<ChangeId>& changes) {
  wire::Buildset b;
  b.scheduler = "main";
  b.reason = "The branch scheduler named 'main' triggered this build";
  wire::SourceStamp s;
  s.repository = "https://git.example.org/mill.git";
  s.project = "mill";
  s.branch = "main";
  s.revision = "r1";
  b.sourcestamps = {s};
  b.changes = changes;
  b.properties["scheduler"] = {"main", "Scheduler"};
  for (const auto& name : builders) b.requests.push_back({{}, name, 3});
  return b;
}

wire::Build example_build(std::int64_t request, const std::string& builder, std::optional<Results> results) {
  wire::Build b;
  b.request = {request};
  b.buildset = {1};
  b.builder = builder;
  b.worker = "w1";
  b.results = results;
  b.state_string = results ? "build successful" : "building";
  b.properties["buildername"] = {builder, "Builder"};
  b.properties["workername"] = {"w1", "Worker"};
  b.changes = {ChangeId{1}};
  return b;
}

wire::StepRecord example_step(int number, const std::string& name, std::optional<Results> results,
                              std::int64_t lines) {
  wire::StepRecord s;
  s.number = number;
  s.name = name;
  s.started_ms = 1'700'000'100'000;
  s.results = results;
  if (results) s.complete_ms = s.started_ms + 2500;
  s.state_string = results ? name + " done" : name + " running";
  s.urls = {{"site", "http://example.org/"}};
  wire::LogRecord log;
  log.name = log.slug = "stdio";
  log.lines = lines;
  log.size_bytes = lines * 10;
  log.complete = results.has_value();
  s.logs = {log};
  return s;
}

}  // namespace headrace::web
