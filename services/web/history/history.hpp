// SPDX-License-Identifier: Apache-2.0
// The history behind threads: one that writes, a few that read, answers on the loop.
//
// SQL blocks, so it never runs on the loop: a job is handed over, and the closure it returns is called on
// the loop. Jobs of the writer run in order; readers see the last committed state and run beside it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "web/history/projection.hpp"

namespace headrace::web {

class History {
 public:
  using Answer = std::function<void()>;

  /// Opens or begins the file; holds a lock beside it, because one process writes it.
  /// Throws std::runtime_error naming the path when another process has it or it cannot be made.
  History(boost::asio::io_context& io, const std::string& path);
  /// Waits for jobs under way; their answers are dropped with the loop.
  ~History();

  /// The cursor that was in the file.
  Cursor opened_at() const;

  /// Runs on the writer's thread. What the job throws is thrown from the loop: a history that cannot be
  /// written ends the process.
  void write(std::function<Answer(Projection&)> job);
  /// Runs on a reader's thread, on a connection that cannot write; a job that runs longer than
  /// kReadSeconds gets an SqlError from its statement.
  void read(std::function<Answer(Database&)> job);

  static constexpr int kReadSeconds = 20;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::web
