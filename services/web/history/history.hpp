// SPDX-License-Identifier: Apache-2.0
// The history behind threads: one thread writes, a few read, answers come on the loop.
//
// SQL blocks and therefore never runs on the loop. A job is handed to a thread, and the closure that the job
// returns is called on the loop. Jobs of the writing thread run in order. Readers run beside the writer and
// see the last committed state.
#pragma once

#include <boost/asio/io_context.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "web/history/projection.hpp"

namespace headrace::web {

class History {
 public:
  using Answer = std::function<void()>;

  /// Opens or begins the file. A lock file beside it keeps a second process from writing the history.
  /// Throws std::runtime_error naming the path when another process has the lock or the file cannot be made;
  /// lacks_room() of it tells whether that is for want of room.
  History(boost::asio::io_context& io, const std::string& path);
  /// Waits for jobs under way. Their answers are dropped with the loop.
  ~History();

  /// The cursor that was in the file.
  Cursor opened_at() const;

  /// Runs the job on the writing thread. While the file system is full, it and those behind it wait: the job
  /// is done again until there is room, from what is in the file. Any other exception of it is thrown from
  /// the loop and ends the process.
  void write(std::function<Answer(Projection&)> job);
  /// Runs the job on a reading thread, with a connection that cannot write. A statement that runs longer than
  /// kReadSeconds throws SqlError.
  void read(std::function<Answer(Database&)> job);

  /// Why the writing thread waits; "" when it does not.
  std::string problem() const;

  static constexpr int kReadSeconds = 20;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whether a history could not be opened because its file system is full.
bool lacks_room(const std::exception& failure);

}  // namespace headrace::web
