// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/log_mover.hpp"

#include <boost/asio/post.hpp>
#include <cstdio>
#include <optional>

#include "log/log.hpp"
#include "logstore/log_file.hpp"

namespace headrace::dispatcher {
namespace {

constexpr int kAtOnce = 16;        // builds being written
constexpr milliseconds kWait{20};  // for more builds that end, to be read and written in one go
constexpr int kChunks = 64;        // read at once: at most 4 MB
constexpr std::int64_t kLeftoverMs = 15'000;
constexpr milliseconds kGather{500};           // until what was written is put on disk together …
constexpr std::size_t kMostWritten = 256;      // … or so many builds
constexpr std::int64_t kMostBytes = 64 << 20;  // … or so much text

std::string name_of(int step, int log) { return std::to_string(step) + "." + std::to_string(log); }

}  // namespace

struct LogMover::Job {
  struct Log {
    int step = 0, log = 0;
    std::int64_t size_bytes = 0;  ///< that Redis says it has
  };
  BuildId build;
  std::uint64_t life = 0;
  std::string prefix;
  std::vector<Log> logs;  ///< the last one is being moved
  int next_chunk = 0;
  std::unique_ptr<logstore::Writer> writer;
  std::vector<std::filesystem::path> files;
  std::int64_t bytes = 0;
};

LogMover::LogMover(service::ServiceRunner& host, LogLane& lane, std::filesystem::path directory)
    : host_(host),
      lane_(lane),
      directory_(std::move(directory)),
      start_timer_(host.io()),
      sync_timer_(host.io()) {
  host.metrics().gauge("headrace_logs_to_move", "builds whose logs are on their way to the log store",
                       [this] { return static_cast<double>(waiting()); });
}

LogMover::~LogMover() { pool_.join(); }

void LogMover::add(BuildId build, const std::map<std::pair<int, int>, std::int64_t>& sizes) {
  if (!known_.insert(build).second) return;
  auto job = std::make_shared<Job>();
  job->build = build;
  job->life = life_;
  job->prefix = host_.store().keys().log_prefix(build);
  for (const auto& [place, size] : sizes)
    if (size > 0) job->logs.push_back({place.first, place.second, size});
  queue_.push_back(std::move(job));
  if (queue_.size() > 1 || active_ > 0) return;
  start_timer_.expires_after(kWait);
  start_timer_.async_wait([this](const boost::system::error_code& e) {
    if (!e) next();
  });
}

void LogMover::look_for_leftovers() {
  if (waiting() > 0) return;
  host_.command({"TIME"}, [this](store::RedisReply t) {
    if (t.items.size() != 2) return;
    const auto before = std::stoll(t.items[0].text) * 1000 - kLeftoverMs;
    host_.command({"ZRANGEBYSCORE", host_.store().keys()("logs_to_move"), "-inf", std::to_string(before),
                   "LIMIT", "0", "100"},
                  [this](store::RedisReply r) {
                    for (const auto& item : r.items) add(BuildId{std::atoll(item.text.c_str())});
                  });
  });
}

void LogMover::clear() {
  ++life_;
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
    auto job = std::move(queue_.front());
    queue_.pop_front();
    ++active_;
    start(std::move(job));
  }
}

void LogMover::start(std::shared_ptr<Job> job) {
  if (!job->logs.empty()) return next_log(std::move(job));
  lane_.read({"SMEMBERS", job->prefix + "logs"}, [this, job](store::RedisReply r) {
    if (r.is_error()) return abandon(*job);
    std::vector<std::string> names;
    for (auto& item : r.items) names.push_back(std::move(item.text));
    ask_size(job, std::move(names));
  });
}

void LogMover::ask_size(std::shared_ptr<Job> job, std::vector<std::string> names) {
  if (names.empty()) return next_log(std::move(job));
  Job::Log log;
  const std::string name = std::move(names.back());
  names.pop_back();
  if (std::sscanf(name.c_str(), "%d.%d", &log.step, &log.log) != 2) return abandon(*job);
  lane_.read({"HGET", job->prefix + name + ":m", "size"},
             [this, job, log, names = std::move(names)](store::RedisReply r) mutable {
               log.size_bytes = std::atoll(r.text.c_str());
               // No log is empty: another dispatcher has moved it meanwhile, and its file must stay.
               if (r.is_error() || log.size_bytes <= 0) return abandon(*job);
               job->logs.push_back(log);
               ask_size(job, std::move(names));
             });
}

void LogMover::next_log(std::shared_ptr<Job> job) {
  if (job->logs.empty()) return written(*job);
  const auto& log = job->logs.back();
  job->next_chunk = 0;
  try {
    job->writer =
        std::make_unique<logstore::Writer>(directory_, logstore::LogId{job->build, log.step, log.log});
  } catch (const std::runtime_error& e) {
    spdlog::error("log cannot be moved build={} reason={}", job->build.value, e.what());
    return abandon(*job);
  }
  read_more(std::move(job));
}

void LogMover::read_more(std::shared_ptr<Job> job) {
  const auto& log = job->logs.back();
  lane_.read({"LRANGE", job->prefix + name_of(log.step, log.log) + ":c", std::to_string(job->next_chunk),
              std::to_string(job->next_chunk + kChunks - 1)},
             [this, job](store::RedisReply r) {
               if (r.is_error()) return abandon(*job);
               std::vector<std::string> chunks;
               for (auto& item : r.items) chunks.push_back(std::move(item.text));
               job->next_chunk += static_cast<int>(chunks.size());
               write(job, std::move(chunks));
             });
}

void LogMover::write(std::shared_ptr<Job> job, std::vector<std::string> chunks) {
  portions_.push_back({std::move(job), std::move(chunks)});
  // Builds that ended together are read together; one hand-over to the thread for all of them.
  if (portions_.size() == 1) boost::asio::post(host_.io(), [this] { write_what_came(); });
}

void LogMover::write_what_came() {
  if (portions_.empty()) return;
  boost::asio::post(pool_, [this, portions = std::move(portions_)]() mutable {
    std::vector<std::optional<std::string>> problems;
    for (auto& portion : portions) problems.push_back(write_portion(*portion.job, portion.chunks));
    boost::asio::post(host_.io(), [this, portions = std::move(portions), problems = std::move(problems)] {
      for (std::size_t i = 0; i < portions.size(); ++i)
        portion_written(portions[i].job, problems[i], portions[i].chunks.size() < kChunks);
    });
  });
  portions_.clear();
}

std::optional<std::string> LogMover::write_portion(Job& job, const std::vector<std::string>& chunks) {
  try {
    for (const auto& chunk : chunks)
      if (auto done = job.writer->append(chunk); !done) return done.error().text;
    if (chunks.size() < kChunks) {
      // Another dispatcher may have moved and dropped it while we were reading.
      if (job.writer->totals().size_bytes != job.logs.back().size_bytes)
        return "Redis no longer has all of it";
      job.writer->finish();
    }
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return {};
}

void LogMover::portion_written(std::shared_ptr<Job> job, const std::optional<std::string>& problem,
                               bool last) {
  if (job->life != life_) return;
  const auto& log = job->logs.back();
  if (problem) {
    spdlog::warn("log was not moved build={} log={} reason={}", job->build.value, name_of(log.step, log.log),
                 *problem);
    return abandon(*job);
  }
  if (!last) return read_more(std::move(job));
  job->files.push_back(job->writer->path());
  job->bytes += log.size_bytes;
  job->writer.reset();
  job->logs.pop_back();
  next_log(std::move(job));
}

void LogMover::written(const Job& job) {
  --active_;
  written_.push_back({job.build, job.files});
  written_bytes_ += job.bytes;
  if (written_.size() >= kMostWritten || written_bytes_ >= kMostBytes) {
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
  auto batch = std::make_shared<std::vector<Written>>(std::move(written_));
  written_.clear();
  if (batch->size() > kMostWritten) {
    written_.assign(batch->begin() + kMostWritten, batch->end());
    batch->resize(kMostWritten);
  }
  written_bytes_ = 0;
  boost::asio::post(pool_, [this, batch, life = life_] {
    std::optional<std::string> problem;
    std::vector<std::filesystem::path> files;
    for (const auto& build : *batch) files.insert(files.end(), build.files.begin(), build.files.end());
    try {
      logstore::sync(directory_, files);
    } catch (const std::runtime_error& e) {
      problem = e.what();
    }
    boost::asio::post(host_.io(), [this, batch, life, problem] {
      if (life != life_) return;
      syncing_ = false;
      if (problem) spdlog::warn("logs stay in Redis builds={} reason={}", batch->size(), *problem);
      if (problem) {
        for (const auto& build : *batch) end(build.build);
      } else {
        drop(*batch);
      }
      sync();  // what was written meanwhile
    });
  });
}

void LogMover::drop(const std::vector<Written>& batch) {
  store::Call moved{"logs_moved", {}};
  for (const auto& build : batch) moved.args.push_back(std::to_string(build.build.value));
  auto left = std::make_shared<std::size_t>(batch.size());
  for (const auto& build : batch)
    lane_.append({"log_drop", {host_.store().keys().log_prefix(build.build)}},
                 [this, left, moved, id = build.build](store::Reply) {
                   if (--*left == 0) host_.commit(moved, {});
                   end(id);
                 });
}

// The logs stay in Redis; they are looked for again later.
void LogMover::abandon(const Job& job) {
  --active_;
  end(job.build);
}

void LogMover::end(BuildId build) {
  known_.erase(build);
  next();
}

}  // namespace headrace::dispatcher
