// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/log_mover.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <optional>

#include "log/log.hpp"
#include "logstore/log_file.hpp"
#include "store/state/build.hpp"
#include "store/transitions/site.hpp"

namespace headrace::dispatcher {
namespace {

constexpr int kAtOnce = 16;        // builds that are written at the same time
constexpr milliseconds kWait{20};  // before a move begins: builds that end meanwhile are moved together
constexpr int kChunks = 64;        // chunks of one read: at most 4 MB
constexpr std::int64_t kLeftoverMs = 15'000;
constexpr int kLeftovers = 100;               // builds of one search
constexpr milliseconds kGather{500};          // a sync comes so long after the first written build …
constexpr std::size_t kMaxWritten = 256;      // … or after so many builds
constexpr std::int64_t kMaxBytes = 64 << 20;  // … or after so much text

std::string name_of(store::LogName log) { return std::to_string(log.step) + "." + std::to_string(log.log); }

}  // namespace

struct LogMover::Move {
  struct Log {
    store::LogName name;
    std::int64_t size_bytes = 0;  ///< size of the log in Redis
  };
  BuildId build;
  std::int64_t started_ms = 0;
  Generation::Mark life;
  std::vector<Log> logs;  ///< the last one is being moved
  std::size_t next_chunk = 0;
  std::unique_ptr<logstore::Writer> writer;
  std::vector<std::filesystem::path> files;
  std::int64_t bytes = 0;
};

LogMover::LogMover(service::ServiceRunner& host, LogConnection& lane, std::filesystem::path directory)
    : host_(host),
      lane_(lane),
      directory_(std::move(directory)),
      start_timer_(host.io()),
      sync_timer_(host.io()) {
  host.metrics().gauge("headrace_logs_to_move", "builds whose logs are on their way to the log store",
                       [this] { return static_cast<double>(waiting()); });
}

LogMover::~LogMover() { pool_.join(); }

void LogMover::add(BuildId build, const std::map<store::LogName, std::int64_t>& sizes,
                   std::int64_t started_ms) {
  if (!known_.insert(build).second) return;
  auto move = std::make_shared<Move>(Move{build, started_ms, generation_.mark(), {}, 0, {}, {}, 0});
  for (const auto& [name, size] : sizes)
    if (size > 0) move->logs.push_back({name, size});
  queue_.push_back(std::move(move));
  if (queue_.size() > 1 || active_ > 0) return;
  start_timer_.expires_after(kWait);
  start_timer_.async_wait([this](const boost::system::error_code& e) {
    if (!e) next();
  });
}

void LogMover::look_for_leftovers() {
  if (waiting() > 0) return;
  host_.read(store::builds_with_logs(kLeftoverMs, kLeftovers), [this](const std::vector<BuildId>& builds) {
    for (const auto build : builds) add(build);
  });
}

void LogMover::clear() {
  generation_.renew();
  queue_.clear();
  known_.clear();
  portions_.clear();
  written_.clear();
  written_bytes_ = 0;
  active_ = 0;
  syncing_ = false;
  start_timer_.cancel();
  sync_timer_.cancel();
}

void LogMover::next() {
  while (active_ < kAtOnce && !queue_.empty() && lane_.connected()) {
    auto move = std::move(queue_.front());
    queue_.pop_front();
    ++active_;
    start(std::move(move));
  }
}

void LogMover::start(MovePtr move) {
  if (move->started_ms) return find_logs(std::move(move));
  lane_.read(store::build(move->build), [this, move](const Result<std::optional<wire::Build>>& build) {
    // Without a record that can be read, the file has the name that older versions gave.
    if (build && *build) move->started_ms = (*build)->started_ms;
    find_logs(move);
  });
}

void LogMover::find_logs(MovePtr move) {
  if (!move->logs.empty()) return next_log(std::move(move));
  lane_.read(store::log_extents(move->build), [this, move](const Result<store::LogExtents>& logs) {
    // No log is ever empty. An empty one was moved by another dispatcher meanwhile, and that file must stay.
    if (!logs ||
        std::any_of(logs->begin(), logs->end(), [](const auto& l) { return l.second.size_bytes <= 0; }))
      return abandon(*move);
    for (const auto& [name, extent] : *logs) move->logs.push_back({name, extent.size_bytes});
    next_log(move);
  });
}

void LogMover::next_log(MovePtr move) {
  if (move->logs.empty()) return written(*move);
  const auto& log = move->logs.back();
  move->next_chunk = 0;
  try {
    move->writer = std::make_unique<logstore::Writer>(
        directory_, logstore::LogId{move->build, log.name.step, log.name.log, move->started_ms});
  } catch (const std::runtime_error& e) {
    spdlog::error("log cannot be moved build={} reason={}", move->build.value, e.what());
    return abandon(*move);
  }
  read_more(std::move(move));
}

void LogMover::read_more(MovePtr move) {
  lane_.read(store::log_chunks(move->build, move->logs.back().name, move->next_chunk, kChunks),
             [this, move](Result<std::vector<std::string>> chunks) {
               if (!chunks) return abandon(*move);
               move->next_chunk += chunks->size();
               write(move, std::move(*chunks));
             });
}

void LogMover::write(MovePtr move, std::vector<std::string> chunks) {
  portions_.push_back({std::move(move), std::move(chunks)});
  // Builds that ended together are read together, and go to the thread in one piece.
  if (portions_.size() == 1) boost::asio::post(host_.io(), [this] { write_what_came(); });
}

void LogMover::write_what_came() {
  if (portions_.empty()) return;
  boost::asio::post(pool_, [this, portions = std::move(portions_)]() mutable {
    std::vector<std::optional<std::string>> problems;
    for (auto& portion : portions) problems.push_back(write_portion(*portion.move, portion.chunks));
    boost::asio::post(host_.io(), [this, portions = std::move(portions), problems = std::move(problems)] {
      for (std::size_t i = 0; i < portions.size(); ++i)
        portion_written(portions[i].move, problems[i], portions[i].chunks.size() < kChunks);
    });
  });
  portions_.clear();
}

std::optional<std::string> LogMover::write_portion(Move& move, const std::vector<std::string>& chunks) {
  try {
    for (const auto& chunk : chunks)
      if (auto done = move.writer->append(chunk); !done) return done.error().text;
    if (chunks.size() < kChunks) {
      // Another dispatcher may have moved and dropped the log during the reads.
      if (move.writer->totals().size_bytes != move.logs.back().size_bytes)
        return "Redis no longer has all of it";
      move.writer->finish();
    }
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return {};
}

void LogMover::portion_written(MovePtr move, const std::optional<std::string>& problem, bool last) {
  if (!move->life.current()) return;
  const auto& log = move->logs.back();
  if (problem) {
    spdlog::warn("log was not moved build={} log={} reason={}", move->build.value, name_of(log.name),
                 *problem);
    return abandon(*move);
  }
  if (!last) return read_more(std::move(move));
  move->files.push_back(move->writer->path());
  move->bytes += log.size_bytes;
  move->writer.reset();
  move->logs.pop_back();
  next_log(std::move(move));
}

void LogMover::written(const Move& move) {
  --active_;
  written_.push_back({move.build, move.files});
  written_bytes_ += move.bytes;
  if (written_.size() >= kMaxWritten || written_bytes_ >= kMaxBytes) {
    sync();
  } else if (written_.size() == 1) {
    sync_timer_.expires_after(kGather);
    sync_timer_.async_wait([this](const boost::system::error_code& e) {
      if (!e) sync();
    });
  }
  next();
}

void LogMover::sync() {
  if (syncing_ || written_.empty()) return;
  syncing_ = true;
  sync_timer_.cancel();
  const auto batch =
      std::make_shared<std::vector<Written>>(std::move(written_));  // shared with the pool's thread
  written_.clear();
  if (batch->size() > kMaxWritten) {
    written_.assign(batch->begin() + kMaxWritten, batch->end());
    batch->resize(kMaxWritten);
  }
  written_bytes_ = 0;
  boost::asio::post(pool_, [this, batch, life = generation_.mark()] {
    std::optional<std::string> problem;
    std::vector<std::filesystem::path> files;
    for (const auto& build : *batch) files.insert(files.end(), build.files.begin(), build.files.end());
    try {
      logstore::sync(directory_, files);
    } catch (const std::runtime_error& e) {
      problem = e.what();
    }
    boost::asio::post(host_.io(), [this, batch, life, problem] {
      if (!life.current()) return;
      syncing_ = false;
      if (problem) spdlog::warn("logs stay in Redis builds={} reason={}", batch->size(), *problem);
      if (problem) {
        for (const auto& build : *batch) end(build.build);
      } else {
        drop(*batch);
      }
      sync();  // builds that were written meanwhile
    });
  });
}

void LogMover::drop(const std::vector<Written>& batch) {
  store::LogsMoved moved;
  for (const auto& build : batch) moved.builds.push_back(build.build);
  for (const auto& build : batch) {
    // Answers come in the order of the calls: after the last answer, all logs are dropped.
    const bool last = &build == &batch.back();
    lane_.commit(store::LogDrop{build.build}.call(),
                 [this, last, moved, id = build.build](const store::Reply&) {
                   if (last) host_.commit(moved);
                   end(id);
                 });
  }
}

// The logs stay in Redis. look_for_leftovers() finds them later.
void LogMover::abandon(const Move& move) {
  --active_;
  end(move.build);
}

void LogMover::end(BuildId build) {
  known_.erase(build);
  next();
}

}  // namespace headrace::dispatcher
