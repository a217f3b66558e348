// SPDX-License-Identifier: Apache-2.0
#include "web/history/projection.hpp"

#include <algorithm>
#include <set>

#include "config/force_options.hpp"
#include "config/site.hpp"
#include "web/history/projector.hpp"
#include "web/history/schema.hpp"
#include "wire/events.hpp"

namespace headrace::web {
namespace {

void load_names(Database& db, std::string_view sql, std::map<std::string, std::int64_t, std::less<>>& into) {
  into.clear();
  auto rows = db.query(sql);
  while (rows.next()) into.emplace(rows->text(0), rows->integer(1));
}

std::string tags_text(const std::vector<std::string>& tags) {
  return json::write(json::Array(tags.begin(), tags.end()));
}

void put_builders(Database& db, const config::Site& site, const Names& names) {
  db.run("UPDATE builders SET configured = 0");
  db.run("DELETE FROM builder_workers");
  int position = 0;
  for (const auto& b : site.builders) {
    const auto id = names.builders.find(b.name);
    if (id == names.builders.end()) continue;
    db.run(
        "UPDATE builders SET description = ?2, tags = ?3, configured = 1, position = ?4 WHERE builderid = ?1",
        id->second, b.description.empty() ? std::nullopt : std::optional(b.description), tags_text(b.tags),
        position++);
    for (const auto& w : b.workers)
      if (const auto worker = names.workers.find(w); worker != names.workers.end())
        db.run("INSERT OR IGNORE INTO builder_workers VALUES(?1, ?2)", id->second, worker->second);
  }
}

std::string button_of(const config::Scheduler& s) {
  const auto name = s.kind == "force" ? s.options.as<config::ForceOptions>().button_name : "";
  return name.empty() ? s.name : name;
}

void put_schedulers(Database& db, const config::Site& site, const Names& names) {
  db.run("UPDATE schedulers SET configured = 0");
  for (const auto& s : site.schedulers)
    if (const auto id = names.schedulers.find(s.name); id != names.schedulers.end())
      db.run(
          "INSERT INTO schedulers VALUES(?1, ?2, ?3, 1, ?4, ?5) ON CONFLICT(schedulerid) DO UPDATE SET kind "
          "= ?3,"
          " configured = 1, builder_names = ?4, button_name = ?5",
          id->second, s.name, s.kind, tags_text(s.builders), button_of(s));
}

void put_changesources(Database& db, const config::Site& site, const Names& names) {
  db.run("UPDATE changesources SET configured = 0");
  for (const auto& p : site.pollers)
    if (const auto id = names.changesources.find(p.name); id != names.changesources.end())
      db.run(
          "INSERT INTO changesources VALUES(?1, ?2, 1, NULL) ON CONFLICT(name) DO UPDATE SET"
          " changesourceid = ?1, configured = 1",
          id->second, p.name);
}

// Events may have named a builder before its id was known. Its rows then have a provisional id and get the
// real one.
void learn_builder(Database& db, const std::string& name, std::int64_t id, std::int64_t before) {
  if (before == id) return;
  if (!before) {
    db.run("INSERT INTO builders VALUES(?1, ?2, NULL, '[]', 0, 0)", id, name);
    return;
  }
  db.run("UPDATE builders SET builderid = ?2 WHERE builderid = ?1", before, id);
  db.run("UPDATE builds SET builderid = ?2 WHERE builderid = ?1", before, id);
  db.run("UPDATE buildrequests SET builderid = ?2 WHERE builderid = ?1", before, id);
}

void learn_worker(Database& db, const std::string& name, std::int64_t id, std::int64_t before) {
  if (before == id) return;
  if (!before) {
    db.run("INSERT INTO workers VALUES(?1, ?2, 0, 0, '{}', 0, 0)", id, name);
    return;
  }
  db.run("UPDATE workers SET workerid = ?2 WHERE workerid = ?1", before, id);
  db.run("UPDATE builds SET workerid = ?2 WHERE workerid = ?1", before, id);
}

template <class Map>
std::int64_t id_in(const Map& map, std::string_view name) {
  const auto it = map.find(name);
  return it == map.end() ? 0 : it->second;
}

}  // namespace

bool knows_names(const Names& names, const std::vector<wire::Event>& events) {
  const auto known = [](const auto& ids, std::string_view name) { return ids.find(name) != ids.end(); };
  const wire::On has_its_ids{
      [&](const wire::BuildNew& e) { return known(names.builders, e.builder); },
      [&](const wire::BuildFinished& e) { return known(names.builders, e.builder); },
      [&](const wire::WorkerConnected& e) { return known(names.workers, e.name); },
      [&](const wire::BuildsetNew& e) {
        const auto set = e.set();
        return !set || std::all_of(set->requests.begin(), set->requests.end(),
                                   [&](const auto& r) { return known(names.builders, r.builder); });
      },
      [](const auto&) { return true; },
  };
  return std::all_of(events.begin(), events.end(),
                     [&](const auto& e) { return std::visit(has_its_ids, wire::read_event(e)); });
}

Projection::Projection(Database& db) : db_(db) { load(); }

void Projection::load() {
  cursor_ = {};
  if (auto rows = db_.query("SELECT number, tag FROM cursor"); rows.next())
    cursor_ = {EventNumber{rows->integer(0)}, std::string(rows->text(1))};
  load_names(db_, "SELECT name, builderid FROM builders", names_.builders);
  load_names(db_, "SELECT name, workerid FROM workers", names_.workers);
}

void Projection::reset() {
  clear_history(db_);
  load();
}

void Projection::store_cursor() {
  db_.run("INSERT INTO cursor VALUES(1, ?1, ?2) ON CONFLICT(one) DO UPDATE SET number = ?1, tag = ?2",
          cursor_.number.value, cursor_.tag);
}

void Projection::set_cursor(const Cursor& cursor) {
  cursor_ = cursor;
  store_cursor();
}

Applied Projection::apply(const std::vector<wire::Event>& events, const std::vector<LogGrowth>& growths,
                          bool notify) {
  Transaction all(db_);
  Projector projector(db_, names_, notify);
  Cursor reached = cursor_;
  for (const auto& e : events) {
    if (e.number <= reached.number) continue;
    projector.apply(e);
    reached = {e.number, e.tag};
  }
  for (const auto& g : growths) projector.apply(g);
  std::swap(cursor_, reached);
  store_cursor();
  all.commit();
  return {cursor_, projector.take()};
}

void Projection::apply(const SnapshotPart& part) {
  Transaction all(db_);
  Projector(db_, names_, false).apply(part);
  all.commit();
}

void Projection::set_names(const Names& names) {
  Transaction all(db_);
  for (const auto& [name, id] : names.builders) learn_builder(db_, name, id, id_in(names_.builders, name));
  for (const auto& [name, id] : names.workers) learn_worker(db_, name, id, id_in(names_.workers, name));
  all.commit();
  load();
}

Applied Projection::set_site(const config::Site& site, const Names& names, bool notify) {
  set_names(names);
  Transaction all(db_);
  std::set<std::int64_t> changed;  // also builders that the configuration no longer has
  for (auto rows = db_.query("SELECT builderid FROM builders WHERE configured = 1"); rows.next();)
    changed.insert(rows->integer(0));
  put_builders(db_, site, names);
  db_.run("UPDATE workers SET configured = 0");
  for (const auto& w : site.workers)
    db_.run("UPDATE workers SET configured = 1, slots = ?2 WHERE name = ?1", w.name, w.slots);
  put_schedulers(db_, site, names);
  put_changesources(db_, site, names);
  Projector projector(db_, names_, notify);
  for (const auto& b : site.builders)
    if (const auto id = id_in(names_.builders, b.name)) changed.insert(id);
  for (const auto id : changed) projector.builder_updated(id);
  all.commit();
  return {cursor_, projector.take()};
}

}  // namespace headrace::web
