// SPDX-License-Identifier: Apache-2.0
#include "web/history/applier.hpp"

#include "log/log.hpp"
#include "web/history/decode.hpp"
#include "web/history/select.hpp"

namespace headrace::web {

void Applier::apply(const wire::Event& e) {
  if (e.is("build.new"))
    build_new(e);
  else if (e.is("build.finished"))
    build_finished(e);
  else if (e.is("build.properties"))
    build_properties(e);
  else if (e.is("step.started") || e.is("step.finished")) {
    if (const auto record = body_of<wire::StepRecord>(e)) step(e, BuildId{e.id("buildid")}, *record);
  } else if (e.topic == "change.new")
    change_new(e);
  else if (e.topic == "buildset.new")
    buildset_new(e);
  else if (e.topic == "buildset.complete")
    buildset_complete(e);
  else if (e.topic == "request.pending")
    request_pending(e);
  else if (e.topic == "request.complete")
    request_complete(e, e.id("request"), e.id("results"));
  else if (e.topic == "request.cancel")
    request_cancel(e);
  else if (e.is("worker.connected"))
    worker_connected(e);
  else if (e.is("worker.disconnected"))
    worker_disconnected(e);
  // Everything else moves the cursor only.
}

void Applier::apply(const LogGrowth& g) {
  const std::int64_t logid = log_id(g.build, g.step, g.log);
  if (db_.run("UPDATE logs SET num_lines = ?2, size_bytes = ?3 WHERE logid = ?1 AND complete = 0 AND "
              "num_lines < ?2",
              logid, g.lines, g.size_bytes))
    tell_log({}, logid, "append");
}

void Applier::builder_updated(std::int64_t id) {
  tell({}, entities::kBuilder, id, {"builders/" + std::to_string(id)}, "update");
}

void Applier::tell(EventNumber number, json::Value message, const std::vector<std::string>& paths,
                   std::string_view what) {
  if (!notify_) return;
  Notification n{number, {}, std::make_shared<const std::string>(json::write(message))};
  for (const auto& path : paths) n.keys.push_back(path + "/" + std::string(what));
  notifications_.push_back(std::move(n));
}

void Applier::tell(EventNumber number, const Entity& entity, std::int64_t key,
                   const std::vector<std::string>& paths, std::string_view what) {
  if (!notify_) return;
  if (auto message = select_one(db_, entity, key)) tell(number, std::move(*message), paths, what);
}

void Applier::tell_build(const wire::Event& e, BuildId build, std::string_view what) {
  if (!notify_) return;
  auto message = select_one(db_, entities::kBuild, build.value);
  if (!message) return;
  const auto text = [&](std::string_view field) { return std::to_string((*message)[field].int_or(0)); };
  const std::string id = std::to_string(build.value);
  const std::vector<std::string> paths{"builders/" + text("builderid") + "/builds/" + text("number"),
                                       "builds/" + id, "workers/" + text("workerid") + "/builds/" + id};
  tell(e.number, std::move(*message), paths, what);
}

void Applier::tell_request(const wire::Event& e, std::int64_t request, std::string_view what) {
  if (!notify_) return;
  auto message = select_one(db_, entities::kBuildrequest, request);
  if (!message) return;
  const std::string builder = "builders/" + std::to_string((*message)["builderid"].int_or(0));
  const std::string self = "buildrequests/" + std::to_string(request);
  std::vector<std::string> paths{self};
  if (what != "cancel")  // Buildbot tells this one under one key only
    paths = {"buildsets/" + std::to_string((*message)["buildsetid"].int_or(0)) + "/" + builder + "/" + self,
             self, builder + "/" + self};
  tell(e.number, std::move(*message), paths, what);
}

void Applier::tell_step(const wire::Event& e, std::int64_t stepid, BuildId build, std::string_view what) {
  const std::string self = "steps/" + std::to_string(stepid);
  tell(e.number, entities::kStep, stepid, {"builds/" + std::to_string(build.value) + "/" + self, self}, what);
}

void Applier::tell_log(EventNumber number, std::int64_t logid, std::string_view what) {
  if (!notify_) return;
  auto message = select_one(db_, entities::kLog, logid);
  if (!message) return;
  const std::vector<std::string> paths{"logs/" + std::to_string(logid),
                                       "steps/" + std::to_string((*message)["stepid"].int_or(0)) + "/logs/" +
                                           (*message)["slug"].string_or("")};
  tell(number, std::move(*message), paths, what);
}

std::int64_t Applier::builder_id(std::string_view name) {
  if (const auto it = names_.builders.find(name); it != names_.builders.end()) return it->second;
  const std::int64_t id = kProvisionalId + static_cast<std::int64_t>(names_.builders.size());
  spdlog::warn("builder without an id builder={} provisional={}", name, id);
  db_.run("INSERT INTO builders VALUES(?1, ?2, NULL, '[]', 0, 0)", id, name);
  names_.builders.emplace(name, id);
  return id;
}

std::int64_t Applier::worker_id(std::string_view name) {
  if (const auto it = names_.workers.find(name); it != names_.workers.end()) return it->second;
  const std::int64_t id = kProvisionalId + static_cast<std::int64_t>(names_.workers.size());
  spdlog::warn("worker without an id worker={} provisional={}", name, id);
  db_.run("INSERT INTO workers VALUES(?1, ?2, 0, 0, '{}', 0, 0)", id, name);
  names_.workers.emplace(name, id);
  return id;
}

}  // namespace headrace::web
