// SPDX-License-Identifier: Apache-2.0
#include "web/history/projector.hpp"

#include "log/log.hpp"
#include "web/history/decode.hpp"
#include "web/history/select.hpp"

namespace headrace::web {

void Projector::apply(const wire::Event& e) {
  const Origin o{e.number, e.at_ms};
  const auto steps = [&](const auto& event) {
    if (const auto record = readable(e, event.step())) step(o, event.build, *record);
  };
  std::visit(
      wire::On{
          [&](const wire::ChangeNew& event) {
            if (const auto change = readable(e, event.change())) change_new(o, *change);
          },
          [&](const wire::BuildsetNew& event) {
            if (const auto set = readable(e, event.set())) buildset_new(o, *set);
          },
          [&](const wire::BuildsetComplete& event) { buildset_complete(o, event.id, event.results); },
          [&](const wire::RequestPending& event) { request_pending(o, event.id, event.build); },
          [&](const wire::RequestComplete& event) {
            request_complete(o, event.id, event.results, event.reason());
          },
          [&](const wire::RequestCancelWanted& event) { request_cancel(o, event.id, event.reason()); },
          [&](const wire::BuildNew& event) {
            if (const auto build = readable(e, event.build())) build_new(o, *build);
          },
          [&](const wire::BuildFinished& event) {
            if (const auto build = readable(e, event.build())) build_finished(o, *build, event.results);
          },
          [&](const wire::StepStarted& event) { steps(event); },
          [&](const wire::StepFinished& event) { steps(event); },
          [&](const wire::BuildPropertiesChanged& event) {
            if (const auto all = readable(e, event.properties())) build_properties(o, event.build, *all);
          },
          [&](const wire::WorkerConnected& event) {
            if (const auto info = readable(e, event.info()))
              worker_connected(o, event.name, event.session, *info);
          },
          [&](const wire::WorkerDisconnected& event) { worker_disconnected(o, event.name, event.session); },
          [&](const wire::PollerState& event) { poller_state(o, event.name, event.problem()); },
          [](const auto&) {},  // moves the cursor only
      },
      wire::read_event(e));
}

void Projector::apply(const LogGrowth& g) {
  const std::int64_t logid = log_id(g.build, g.step, g.log);
  if (db_.run("UPDATE logs SET num_lines = ?2, size_bytes = ?3 WHERE logid = ?1 AND complete = 0 AND "
              "num_lines < ?2",
              logid, g.lines, g.size_bytes))
    tell_log({}, logid, "append");
}

void Projector::apply(const SnapshotPart& part) {
  for (const auto& c : part.changes)
    change_new({{}, c.arrived_ms ? c.arrived_ms : c.change.when_ms}, c.change);
  for (const auto& b : part.buildsets) {
    buildset_new({{}, b.set.submitted_ms}, b.set);
    if (b.results) buildset_complete({{}, b.complete_ms}, b.set.id, *b.results);
  }
  for (const auto& b : part.builds) {
    if (b.results) {
      build_finished({{}, b.complete_ms}, b, *b.results);
      continue;
    }
    const Origin o{{}, b.started_ms};
    build_new(o, b);
    for (const auto& s : b.steps)
      if (!s.name.empty()) step(o, b.id, s);  // without a name: it has not started yet
  }
  for (const auto& r : part.requests) {
    if (r.state == store::RequestState::complete)
      request_complete({{}, r.complete_ms}, r.id, r.results.value_or(Results::exception), "");
    else if (r.state != store::RequestState::running)
      request_pending({}, r.id, {});
    else if (r.cancel_reason)
      request_cancel({}, r.id, *r.cancel_reason);
  }
  for (const auto& [poller, problem] : part.poller_problems) poller_state({}, poller, problem);
  for (const auto& w : part.workers) {
    if (w.info) worker_connected({}, w.name, w.session, *w.info);
    if (!w.connected) worker_disconnected({}, w.name, w.session);
  }
}

void Projector::builder_updated(std::int64_t id) {
  tell({}, entities::kBuilder, id, {"builders/" + std::to_string(id)}, "update");
}

void Projector::tell(const Origin& o, json::Value message, const std::vector<std::string>& paths,
                     std::string_view what) {
  if (!notify_) return;
  Notification n{o.number, {}, std::make_shared<const std::string>(json::write(message))};
  for (const auto& path : paths) n.paths.push_back(path + "/" + std::string(what));
  notifications_.push_back(std::move(n));
}

void Projector::tell(const Origin& o, const Entity& entity, std::int64_t key,
                     const std::vector<std::string>& paths, std::string_view what) {
  if (!notify_) return;
  if (auto message = select_one(db_, entity, key)) tell(o, std::move(*message), paths, what);
}

void Projector::tell_build(const Origin& o, BuildId build, std::string_view what) {
  if (!notify_) return;
  auto message = select_one(db_, entities::kBuild, build.value);
  if (!message) return;
  const auto text = [&](std::string_view field) { return std::to_string((*message)[field].int_or(0)); };
  const std::string id = std::to_string(build.value);
  const std::vector<std::string> paths{"builders/" + text("builderid") + "/builds/" + text("number"),
                                       "builds/" + id, "workers/" + text("workerid") + "/builds/" + id};
  tell(o, std::move(*message), paths, what);
}

void Projector::tell_request(const Origin& o, RequestId request, std::string_view what) {
  if (!notify_) return;
  auto message = select_one(db_, entities::kBuildrequest, request.value);
  if (!message) return;
  const std::string builder = "builders/" + std::to_string((*message)["builderid"].int_or(0));
  const std::string self = "buildrequests/" + std::to_string(request.value);
  std::vector<std::string> paths{self};
  if (what != "cancel")  // Buildbot sends a cancel under one path only
    paths = {"buildsets/" + std::to_string((*message)["buildsetid"].int_or(0)) + "/" + builder + "/" + self,
             self, builder + "/" + self};
  tell(o, std::move(*message), paths, what);
}

void Projector::tell_step(const Origin& o, std::int64_t stepid, BuildId build, std::string_view what) {
  const std::string self = "steps/" + std::to_string(stepid);
  tell(o, entities::kStep, stepid, {"builds/" + std::to_string(build.value) + "/" + self, self}, what);
}

void Projector::tell_log(const Origin& o, std::int64_t logid, std::string_view what) {
  if (!notify_) return;
  auto message = select_one(db_, entities::kLog, logid);
  if (!message) return;
  const std::vector<std::string> paths{"logs/" + std::to_string(logid),
                                       "steps/" + std::to_string((*message)["stepid"].int_or(0)) + "/logs/" +
                                           (*message)["slug"].string_or("")};
  tell(o, std::move(*message), paths, what);
}

std::int64_t Projector::builder_id(std::string_view name) {
  if (const auto it = names_.builders.find(name); it != names_.builders.end()) return it->second;
  const std::int64_t id = kProvisionalId + static_cast<std::int64_t>(names_.builders.size());
  spdlog::warn("builder without an id builder={} provisional={}", name, id);
  db_.run("INSERT INTO builders VALUES(?1, ?2, NULL, '[]', 0, 0)", id, name);
  names_.builders.emplace(name, id);
  return id;
}

std::int64_t Projector::worker_id(std::string_view name) {
  if (const auto it = names_.workers.find(name); it != names_.workers.end()) return it->second;
  const std::int64_t id = kProvisionalId + static_cast<std::int64_t>(names_.workers.size());
  spdlog::warn("worker without an id worker={} provisional={}", name, id);
  db_.run("INSERT INTO workers VALUES(?1, ?2, 0, 0, '{}', 0, 0)", id, name);
  names_.workers.emplace(name, id);
  return id;
}

}  // namespace headrace::web
