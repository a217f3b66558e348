// SPDX-License-Identifier: Apache-2.0
// Asks for a build log where the history says that it is, and then in the other place. A dispatcher moves
// logs from Redis to the log store shortly after the end of their build, and the history may be a little
// behind that, or ahead.
#pragma once

#include "web/logs/log_source.hpp"

namespace headrace::web {

class LogSources : public LogSource {
 public:
  LogSources(LogSource& running, LogSource& finished) : running_(running), finished_(finished) {}

  void read(const LogAddress& log, std::int64_t line, Answer answer) override {
    // A log's file has its name before the copy in Redis is dropped. A log that had no file yet, and then was
    // no longer in Redis, has its file now: the files are asked twice.
    std::vector<LogSource*> places = {&running_, &finished_};
    if (log.complete) places.insert(places.begin(), &finished_);
    ask(log, line, std::move(places), 0, {}, std::move(answer));
  }

 private:
  static void ask(const LogAddress& log, std::int64_t line, std::vector<LogSource*> places, std::size_t at,
                  Error first, Answer answer) {
    if (at == places.size()) {
      // A log without a single line is in neither place.
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
