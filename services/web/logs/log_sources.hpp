// SPDX-License-Identifier: Apache-2.0
// Asks for a log where it should be, and then where it may still, or already, be: a dispatcher moves it
// from Redis to its file shortly after the end, and the history may be a little behind or ahead of that.
#pragma once

#include "web/logs/log_source.hpp"

namespace headrace::web {

class LogSources : public LogSource {
 public:
  LogSources(LogSource& running, LogSource& finished) : running_(running), finished_(finished) {}

  void read(const LogAddress& log, std::int64_t line, Answer answer) override {
    LogSource& first = log.complete ? finished_ : running_;
    LogSource& second = log.complete ? running_ : finished_;
    first.read(log, line, [&second, log, line, answer = std::move(answer)](Result<LogSlice> slice) mutable {
      if (slice) return answer(std::move(slice));
      second.read(log, line, [log, answer, reason = slice.error()](Result<LogSlice> other) {
        if (other) return answer(std::move(other));
        // A log that nothing was written to is nowhere.
        if (log.lines == 0) return answer(LogSlice{});
        answer(tl::unexpected(reason));
      });
    });
  }

 private:
  LogSource& running_;
  LogSource& finished_;
};

}  // namespace headrace::web
