// SPDX-License-Identifier: Apache-2.0
// The logs of one step: named, framed, cut into pieces for the outbox.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logchunk/frame.hpp"
#include "wire/records.hpp"
#include "worker/core/actions.hpp"
#include "worker/core/progress_outbox.hpp"

namespace headrace::worker {

/// A line without end is shown after this long, so that progress bars are live.
inline constexpr milliseconds kPartialLine{200};

class StepLogs {
 public:
  StepLogs(int step, ProgressOutbox& outbox) : step_(step), outbox_(outbox) {}

  /// Opens a log; its slug is made unique in the step. @return its index
  int add(const std::string& name, const std::string& type = "s");
  /// A log that is written in one go: `text` whole, then closed.
  void add_complete(const std::string& name, std::string_view text, Now now);

  /// @param channel  'o', 'e', 'h' (stream logs) or 't'
  void write(int log, char channel, std::string_view bytes, Now now);

  /// Cuts unfinished lines that have waited for kPartialLine.
  void on_timer(Now now);
  std::optional<MonoTime> next_wake() const;

  /// Hands everything framed so far to the outbox.
  void cut();
  /// Framed text that is not in the outbox yet.
  std::size_t uncut_bytes() const;

  /// Ends every open log: last pieces to the outbox, sizes and sums into the records.
  void close(Now now);

  /// The records as they are now.
  std::vector<wire::LogRecord> records() const;

 private:
  struct Log {
    wire::LogRecord record;
    logchunk::Framer framer;
    std::optional<MonoTime> partial_since;
  };
  void cut(Log& log);
  void close(Log& log, Now now);

  int step_;
  ProgressOutbox& outbox_;
  std::vector<std::unique_ptr<Log>> logs_;
};

}  // namespace headrace::worker
