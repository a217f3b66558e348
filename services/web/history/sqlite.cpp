// SPDX-License-Identifier: Apache-2.0
#include "web/history/sqlite.hpp"

#include <sqlite3.h>

#include <cerrno>

namespace headrace::web {
namespace {

constexpr int kBusyMs = 10'000;  // another connection writes: wait this long

bool cannot_write(sqlite3* db) {
  const int system = sqlite3_system_errno(db);
  switch (sqlite3_errcode(db) & 0xff) {  // extended codes are above
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return true;
    case SQLITE_CANTOPEN:
      return system == ENOSPC || system == EDQUOT;
    default:
      return false;
  }
}

[[noreturn]] void raise(sqlite3* db, std::string_view what) {
  throw SqlError(
      "SQLite: " + std::string(db ? sqlite3_errmsg(db) : "out of memory") + " (" + std::string(what) + ")",
      db && cannot_write(db));
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
void Database::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

Statement::Statement(sqlite3* db, std::string_view sql) {
  sqlite3_stmt* s = nullptr;
  if (sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), 0, &s, nullptr) != SQLITE_OK)
    raise(db, sql);
  statement_.reset(s);
}

void Statement::bind(int index, const SqlValue& value) {
  sqlite3_stmt* const s = statement_.get();
  const int rc = std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::nullptr_t>) return sqlite3_bind_null(s, index);
        if constexpr (std::is_same_v<T, std::int64_t>) return sqlite3_bind_int64(s, index, v);
        if constexpr (std::is_same_v<T, double>) return sqlite3_bind_double(s, index, v);
        if constexpr (std::is_same_v<T, std::string>)
          return sqlite3_bind_text64(s, index, v.data(), v.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
      },
      value);
  if (rc != SQLITE_OK) raise(sqlite3_db_handle(s), sqlite3_sql(s));
}

bool Statement::step() {
  const int rc = sqlite3_step(statement_.get());
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) return false;
  raise(sqlite3_db_handle(statement_.get()), sqlite3_sql(statement_.get()));
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

int Statement::columns() const { return sqlite3_column_count(statement_.get()); }
bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}
std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
double Statement::number(int column) const { return sqlite3_column_double(statement_.get(), column); }
std::string_view Statement::text(int column) const {
  const auto* p = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return p ? std::string_view(p, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)))
           : std::string_view();
}

Database::Database(const std::string& path, Mode mode) {
  sqlite3* db = nullptr;
  const int flags =
      mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int rc = sqlite3_open_v2(path.c_str(), &db, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  db_.reset(db);
  if (rc != SQLITE_OK) raise(db, path);
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, kBusyMs);
  execute("PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY;");  // 16 MB of pages
}

void Database::execute(const std::string& sql) {
  if (sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    raise(db_.get(), sql.substr(0, 200));
}

Statement& Database::cached(std::string_view sql) {
  deadline_ = std::chrono::steady_clock::now() + limit_;
  auto it = cache_.find(sql);
  if (it == cache_.end()) it = cache_.emplace(std::string(sql), Statement(db_.get(), sql)).first;
  return it->second;
}

void Database::limit_statements(std::chrono::milliseconds limit) {
  limit_ = limit;
  const auto late = [](void* self) {
    return static_cast<int>(std::chrono::steady_clock::now() > static_cast<Database*>(self)->deadline_);
  };
  sqlite3_progress_handler(db_.get(), 100'000, late, this);  // asked every so many of SQLite's instructions
}

Statement Database::prepare(std::string_view sql) {
  deadline_ = std::chrono::steady_clock::now() + limit_;
  return Statement(db_.get(), sql);
}

int Database::changes() const { return sqlite3_changes(db_.get()); }

Transaction::Transaction(Database& db) : db_(&db) { db.run("BEGIN IMMEDIATE"); }
void Transaction::commit() {
  db_->run("COMMIT");
  db_ = nullptr;
}
Transaction::~Transaction() {
  if (db_) sqlite3_exec(db_->db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace headrace::web
