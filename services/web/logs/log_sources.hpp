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
    // The file has its name before Redis gives up its copy: a log that was not yet a file, and then no longer
    // in Redis, is one now.
    std::vector<LogSource*> places = {&running_, &finished_};
    if (log.complete) places.insert(places.begin(), &finished_);
    ask(log, line, std::move(places), 0, {}, std::move(answer));
  }

 private:
  static void ask(const LogAddress& log, std::int64_t line, std::vector<LogSource*> places, std::size_t at,
                  Error first, Answer answer) {
    if (at == places.size()) {
      // A log that nothing was written to is nowhere.
      if (log.lines == 0) return answer(LogSlice{});
      return answer(tl::unexpected(std::move(first)));
    }
    places[at]->read(log, line, [=, answer = std::move(answer)](Result<LogSlice> slice) mutable {
      if (slice) return answer(std::move(slice));
      ask(log, line, std::move(places), at + 1, at == 0 ? slice.error() : std::move(first),
          std::move(answer));
    });
  }

  LogSource& running_;
  LogSource& finished_;
};

}  // namespace headrace::web
