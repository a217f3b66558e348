// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/log_mover.hpp"

#include <boost/asio/post.hpp>
#include <cstdio>
#include <optional>

#include "log/log.hpp"
#include "logstore/log_file.hpp"

namespace headrace::dispatcher {
namespace {

constexpr std::size_t kAtOnce = 4;        // builds
constexpr int kChunks = 64;               // read at once: at most 4 MB
constexpr std::int64_t kLeftoverMs = 15'000;

}  // namespace

struct LogMover::Job {
  BuildId build;
  std::uint64_t life = 0;
  std::string prefix;
  std::vector<std::string> logs;  ///< "<step>.<log>", the last one is being moved
  int next_chunk = 0;
  std::int64_t size_bytes = 0;  ///< that Redis says the log has
  std::unique_ptr<logstore::Writer> writer;
};

LogMover::LogMover(service::Host& host, LogLane& lane, std::filesystem::path directory)
    : host_(host), lane_(lane), directory_(std::move(directory)) {
  host.metrics().gauge("headrace_logs_to_move", [this] { return static_cast<double>(waiting()); });
}

LogMover::~LogMover() { pool_.join(); }

void LogMover::add(BuildId build) {
  if (active_.contains(build)) return;
  queue_.push_back(build);
  next();
}

void LogMover::look_for_leftovers() {
  if (waiting() > 0) return;
  host_.command({"TIME"}, [this](store::RedisReply t) {
    if (t.items.size() != 2) return;
    const auto before = std::stoll(t.items[0].text) * 1000 - kLeftoverMs;
    host_.command({"ZRANGEBYSCORE", host_.store().keys()("logs_to_move"), "-inf", std::to_string(before), "LIMIT", "0", "100"},
                  [this](store::RedisReply r) {
                    for (const auto& item : r.items) add(BuildId{std::atoll(item.text.c_str())});
                  });
  });
}

void LogMover::clear() {
  ++life_;
  queue_.clear();
  active_.clear();
}

void LogMover::next() {
  while (active_.size() < kAtOnce && !queue_.empty() && lane_.connected()) {
    const auto build = queue_.front();
    queue_.pop_front();
    if (active_.insert(build).second) start(build);
  }
}

void LogMover::start(BuildId build) {
  auto job = std::make_shared<Job>();
  job->build = build;
  job->life = life_;
  job->prefix = host_.store().keys().log_prefix(build.value);
  lane_.read({"SMEMBERS", job->prefix + "logs"}, [this, job](store::RedisReply r) {
    for (auto& item : r.items) job->logs.push_back(std::move(item.text));
    next_log(job);
  });
}

void LogMover::next_log(std::shared_ptr<Job> job) {
  if (job->logs.empty()) return finish(job);
  lane_.read({"HGET", job->prefix + job->logs.back() + ":m", "size"}, [this, job](store::RedisReply r) {
    int step = 0, log = 0;
    if (std::sscanf(job->logs.back().c_str(), "%d.%d", &step, &log) != 2) return end(job->build);
    job->size_bytes = std::atoll(r.text.c_str());
    job->next_chunk = 0;
    try {
      job->writer = std::make_unique<logstore::Writer>(directory_, logstore::LogKey{job->build, step, log});
    } catch (const std::runtime_error& e) {
      spdlog::error("log cannot be moved build={} reason={}", job->build.value, e.what());
      return end(job->build);
    }
    read_more(job);
  });
}

void LogMover::read_more(std::shared_ptr<Job> job) {
  lane_.read({"LRANGE", job->prefix + job->logs.back() + ":c", std::to_string(job->next_chunk),
              std::to_string(job->next_chunk + kChunks - 1)},
             [this, job](store::RedisReply r) {
               std::vector<std::string> chunks;
               for (auto& item : r.items) chunks.push_back(std::move(item.text));
               job->next_chunk += static_cast<int>(chunks.size());
               write(job, std::move(chunks));
             });
}

void LogMover::write(std::shared_ptr<Job> job, std::vector<std::string> chunks) {
  boost::asio::post(pool_, [this, job, chunks = std::move(chunks)] {
    std::optional<std::string> problem;
    const bool last = chunks.size() < kChunks;
    try {
      for (const auto& chunk : chunks)
        if (auto done = job->writer->append(chunk); !done) problem = done.error().text;
      if (!problem && last) {
        // Another dispatcher may have moved and dropped it while we were reading.
        if (job->writer->totals().size_bytes != job->size_bytes) {
          problem = "Redis no longer has all of it";
        } else {
          job->writer->finish();
        }
      }
    } catch (const std::runtime_error& e) {
      problem = e.what();
    }
    boost::asio::post(host_.io(), [this, job, problem, last] {
      if (job->life != life_) return;
      if (problem) {
        spdlog::warn("log was not moved build={} log={} reason={}", job->build.value, job->logs.back(), *problem);
        return end(job->build);
      }
      if (!last) return read_more(job);
      job->writer.reset();
      job->logs.pop_back();
      next_log(job);
    });
  });
}

void LogMover::finish(std::shared_ptr<Job> job) {
  lane_.append({"log_drop", {job->prefix}}, [this, job](store::Reply) {
    host_.commit({"logs_moved", {std::to_string(job->build.value)}}, {});
    end(job->build);
  });
}

void LogMover::end(BuildId build) {
  active_.erase(build);
  next();
}

}  // namespace headrace::dispatcher
