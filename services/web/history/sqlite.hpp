// SPDX-License-Identifier: Apache-2.0
// SQLite behind owning types: a connection, a prepared statement, a transaction. Only sqlite.cpp includes
// sqlite3.h.
//
// Thread rule: a connection and its statements belong to one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace headrace::web {

/// An error of SQLite: its message and the statement.
class SqlError : public std::runtime_error {
 public:
  explicit SqlError(const std::string& what, bool cannot_write = false)
      : std::runtime_error(what), cannot_write_(cannot_write) {}
  /// The file system does not take it: it is full, or broken. What is in the file already is good.
  bool cannot_write() const { return cannot_write_; }

 private:
  bool cannot_write_;
};

/// One bound value.
using SqlValue = std::variant<std::nullptr_t, std::int64_t, double, std::string>;

inline SqlValue to_sql(std::nullptr_t) { return nullptr; }
inline SqlValue to_sql(std::int64_t v) { return v; }
inline SqlValue to_sql(int v) { return std::int64_t{v}; }
inline SqlValue to_sql(bool v) { return std::int64_t{v}; }
inline SqlValue to_sql(std::string v) { return v; }
inline SqlValue to_sql(std::string_view v) { return std::string(v); }
inline SqlValue to_sql(const char* v) { return std::string(v); }
template <class T>
SqlValue to_sql(const std::optional<T>& v) {
  return v ? to_sql(*v) : SqlValue(nullptr);
}

/// A prepared statement: bind, step, read columns, reset.
class Statement {
 public:
  Statement() = default;
  Statement(sqlite3* db, std::string_view sql);

  /// Parameter `index` counts from 1.
  void bind(int index, const SqlValue& value);
  /// @return false when there are no more rows. Throws SqlError.
  bool step();
  /// Forgets position and bindings.
  void reset();

  int columns() const;
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double number(int column) const;
  /// Valid until the next step or reset.
  std::string_view text(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* s) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// The rows of one run of a cached statement; resets it at the end of the scope.
class Rows {
 public:
  explicit Rows(Statement& statement) : statement_(&statement) {}
  Rows(Rows&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Rows& operator=(Rows&&) = delete;
  ~Rows() {
    if (statement_) statement_->reset();
  }
  bool next() { return statement_->step(); }
  const Statement* operator->() const { return statement_; }

 private:
  Statement* statement_;
};

/// One connection.
class Database {
 public:
  enum class Mode { read_write, read_only };
  /// Throws SqlError naming the path.
  Database(const std::string& path, Mode mode);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Statements without parameters, separated by semicolons.
  void execute(const std::string& sql);

  /// Prepares `sql` once for the life of the connection and runs it with ?1, ?2 … = `values`. Only for
  /// texts that are constants of the program, because the cache is never emptied.
  template <class... Values>
  Rows query(std::string_view sql, const Values&... values) {
    Statement& s = cached(sql);
    int index = 0;
    (s.bind(++index, to_sql(values)), ...);
    return Rows(s);
  }
  /// The same for statements without rows. @return rows changed
  template <class... Values>
  int run(std::string_view sql, const Values&... values) {
    auto rows = query(sql, values...);
    rows.next();
    return changes();
  }
  /// First column of the first row; nothing when there is no row or it is null.
  template <class... Values>
  std::optional<std::int64_t> integer(std::string_view sql, const Values&... values) {
    auto rows = query(sql, values...);
    if (!rows.next() || rows->is_null(0)) return std::nullopt;
    return rows->integer(0);
  }

  /// From now on a statement that runs longer than `limit` from its prepare ends with SqlError.
  void limit_statements(std::chrono::milliseconds limit);

  /// A statement made for this one use.
  Statement prepare(std::string_view sql);

 private:
  friend class Transaction;
  struct Close {
    void operator()(sqlite3* db) const;
  };
  Statement& cached(std::string_view sql);
  int changes() const;

  std::unique_ptr<sqlite3, Close> db_;
  std::chrono::milliseconds limit_{0};
  std::chrono::steady_clock::time_point deadline_;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  std::unordered_map<std::string, Statement, Hash, std::equal_to<>> cache_;
};

/// BEGIN … COMMIT; rolled back when destroyed uncommitted.
class Transaction {
 public:
  explicit Transaction(Database& db);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database* db_;
};

}  // namespace headrace::web
