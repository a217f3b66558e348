// SPDX-License-Identifier: Apache-2.0
#include "web/logs/download.hpp"

#include <algorithm>

#include "json/value.hpp"
#include "log/log.hpp"
#include "logchunk/chunk.hpp"

namespace headrace::web {
namespace {

constexpr std::size_t kWhole = 256u << 10;  // up to here an answer is sent with its length
constexpr std::size_t kUnsent = 1u << 20;   // bytes the client has not taken: wait

// The lines [from, from + count) of framed text.
std::string_view cut_lines(std::string_view text, std::int64_t from, std::int64_t count) {
  const auto skip = [&](std::size_t at, std::int64_t lines) {
    for (; lines > 0 && at < text.size(); --lines) {
      const auto end = text.find('\n', at);
      at = end == std::string_view::npos ? text.size() : end + 1;
    }
    return at;
  };
  const std::size_t begin = skip(0, from);
  return text.substr(begin, count < 0 ? std::string_view::npos : skip(begin, count) - begin);
}

// One download under way. Shared with the one callback that it waits for: the answer of the source, the job
// of the pool, or the stream's on_drained.
class Pump : public std::enable_shared_from_this<Pump> {
 public:
  Pump(LogSource& source, Pool& pool, Download what, http::ResponderPtr responder)
      : source_(source), pool_(pool), what_(std::move(what)), responder_(std::move(responder)) {
    gathered_ = std::move(what_.head.body);
    what_.head.body.clear();
  }

  void next() {
    if (stream_ && stream_->closed()) return;
    if (what_.lines == 0) return end();
    source_.read(what_.log, what_.first_line, [self = shared_from_this()](Result<LogSlice> slice) {
      if (!slice) return self->broken(slice.error().text);
      if (slice->chunks.empty()) return self->end();
      self->work(std::move(*slice));
    });
  }

 private:
  struct Text {
    std::string bytes;
    std::int64_t lines = 0;  // of the log, taken
    std::string error;
  };

  void work(LogSlice slice) {
    pool_.run([self = shared_from_this(), slice = std::move(slice)]() -> Pool::Answer {
      auto text = self->unpack(slice);
      return [self, text = std::move(text)]() mutable { self->got(std::move(text)); };
    });
  }

  Text unpack(const LogSlice& slice) const {
    Text out;
    std::int64_t skip = what_.first_line - slice.first_line, left = what_.lines;
    for (const auto& encoded : slice.chunks) {
      const auto chunk = logchunk::decode(encoded);
      if (!chunk) {
        out.error = "the log is damaged: " + chunk.error().text;
        return out;
      }
      if (skip >= chunk->lines) {
        skip -= chunk->lines;
        continue;
      }
      const std::int64_t lines = left < 0 ? chunk->lines - skip : std::min(left, chunk->lines - skip);
      out.bytes += what_.transform(cut_lines(chunk->text, skip, lines));
      out.lines += lines;
      skip = 0;
      if (left >= 0 && (left -= lines) == 0) break;
    }
    return out;
  }

  void got(Text text) {
    if (!text.error.empty()) return broken(text.error);
    if (text.lines == 0) return end();
    what_.first_line += text.lines;
    if (what_.lines > 0) what_.lines -= text.lines;
    gathered_ += text.bytes;
    if (!stream_ && gathered_.size() < kWhole) return next();
    if (!stream_) {
      stream_ = responder_->stream(std::move(what_.head));
      responder_.reset();
    }
    const std::size_t unsent = stream_->write(std::exchange(gathered_, {}));
    if (unsent < kUnsent) return next();
    // When the client goes, the stream drops this callback, and with it the download.
    stream_->on_drained([self = shared_from_this()] {
      const auto keep = self;  // the callback is destroyed by the next line
      keep->stream_->on_drained({});
      keep->next();
    });
  }

  void end() {
    gathered_ += what_.tail;
    if (!stream_) {
      what_.head.body = std::move(gathered_);
      return responder_->send(std::move(what_.head));
    }
    stream_->write(std::move(gathered_));
    stream_->finish();
  }

  void broken(const std::string& reason) {
    spdlog::warn("log cannot be sent build={} step={} log={} reason=\"{}\"", what_.log.build.value,
                 what_.log.step, what_.log.log, reason);
    if (stream_) return stream_.reset();  // unfinished: the client sees that the log is not whole
    http::Response r;
    r.status = 404;
    r.body = json::write(json::Object{{"error", reason}});
    responder_->send(std::move(r));
  }

  LogSource& source_;
  Pool& pool_;
  Download what_;
  http::ResponderPtr responder_;
  http::StreamPtr stream_;
  std::string gathered_;
};

}  // namespace

void send_log(LogSource& source, Pool& pool, Download what, http::ResponderPtr responder) {
  std::make_shared<Pump>(source, pool, std::move(what), std::move(responder))->next();
}

}  // namespace headrace::web
