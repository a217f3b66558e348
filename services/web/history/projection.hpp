// SPDX-License-Identifier: Apache-2.0
// The history as a projection of the event log: events in, rows and notifications out.
//
// Applying an event twice, or events over a snapshot that already contains them, changes nothing: every write
// is an upsert that only goes forwards (a complete build stays complete). The cursor is written in the
// transaction of the rows, so rows and cursor agree after a crash.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "events/reader.hpp"
#include "web/history/sqlite.hpp"
#include "wire/event.hpp"

namespace headrace::config {
struct Site;
}

namespace headrace::web {

struct SnapshotPart;

/// Up to where the event log has been applied; number 0: nothing yet.
using events::Cursor;

/// Ids that Redis gave to names; a name keeps its id for ever.
struct Names {
  using Ids = std::map<std::string, std::int64_t, std::less<>>;
  Ids builders, workers, schedulers, changesources;
};

/// Whether every builder and worker that `events` name has its id in `names`. If not, read the names again
/// first.
bool knows_names(const Names& names, const std::vector<wire::Event>& events);

/// The log of a running step has grown. Announced on the bus without a number; the announcement may be lost.
struct LogGrowth {
  BuildId build;
  int step = 0;
  int log = 0;
  std::int64_t lines = 0;
  std::int64_t size_bytes = 0;
};

/// One message for the subscribers of live events, and the paths under which it is sent.
struct Notification {
  EventNumber number;                          ///< of the event behind it; 0: none, it cannot be resumed
  std::vector<std::string> paths;              ///< "builds/12/new", "builders/3/builds/7/new" …
  std::shared_ptr<const std::string> message;  ///< JSON of the entity; shared by all subscribers
};

struct Applied {
  Cursor cursor;
  std::vector<Notification> notifications;
};

class Projection {
 public:
  explicit Projection(Database& db);

  Cursor cursor() const { return cursor_; }
  /// Reads anew what is in the database, after a job that was broken off.
  void load();
  /// Forgets everything, so that the event log can be read anew.
  void reset();

  /// Applies events in order, in one transaction with the cursor. Events at or before the cursor are skipped.
  /// An event whose body cannot be read gets a line in the process log and is passed over: it must not stop
  /// the history.
  /// @param notify  false while nobody listens (catching up): notifications are not made
  Applied apply(const std::vector<wire::Event>& events, const std::vector<LogGrowth>& growths, bool notify);

  /// Takes in a part of a snapshot. The cursor stays where it is, and subscribers are not told.
  void apply(const SnapshotPart& part);
  /// Puts the cursor at the end of a snapshot.
  void set_cursor(const Cursor& cursor);

  /// Takes over ids. Rows that were written with a provisional id get the real one.
  void set_names(const Names& names);
  /// Makes the builders, workers, schedulers and pollers of the configuration the configured ones. Others
  /// stay in the history.
  Applied set_site(const config::Site& site, const Names& names, bool notify);

 private:
  void store_cursor();

  Database& db_;
  Cursor cursor_;
  Names names_;
};

}  // namespace headrace::web
