// SPDX-License-Identifier: Apache-2.0
// Takes the logs of finished builds from Redis to the log store, a few builds at a time. Files are
// written on a thread of its own; a log counts as moved only when what was written is what Redis had. Redis
// gives up its copy when the file is on disk, which is seen to for many builds at once.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "dispatcher/log_lane.hpp"
#include "model/ids.hpp"
#include "service/runner.hpp"

namespace headrace::dispatcher {

class LogMover {
 public:
  LogMover(service::ServiceRunner& host, LogLane& lane, std::filesystem::path directory);
  ~LogMover();

  /// @param sizes  bytes of each log by (step, log) as Redis has them; empty when not known: it is asked
  void add(BuildId build, const std::map<std::pair<int, int>, std::int64_t>& sizes = {});
  /// Builds that ended long ago and still have their logs in Redis: whoever should have moved them died.
  void look_for_leftovers();
  /// After a lost connection.
  void clear();
  std::size_t waiting() const { return known_.size(); }

 private:
  struct Job;
  struct Written {
    BuildId build;
    std::vector<std::filesystem::path> files;
  };
  void next();
  void start(std::shared_ptr<Job> job);
  void ask_size(std::shared_ptr<Job> job, std::vector<std::string> names);
  void next_log(std::shared_ptr<Job> job);
  void read_more(std::shared_ptr<Job> job);
  void write(std::shared_ptr<Job> job, std::vector<std::string> chunks);
  void write_what_came();
  static std::optional<std::string> write_portion(Job& job, const std::vector<std::string>& chunks);
  void portion_written(std::shared_ptr<Job> job, const std::optional<std::string>& problem, bool last);
  void written(const Job& job);
  void sync();
  void drop(const std::vector<Written>& batch);
  void abandon(const Job& job);
  void end(BuildId build);

  service::ServiceRunner& host_;
  LogLane& lane_;
  std::filesystem::path directory_;
  boost::asio::thread_pool pool_{1};
  boost::asio::steady_timer start_timer_, sync_timer_;
  std::deque<std::shared_ptr<Job>> queue_;
  std::set<BuildId> known_;  ///< everything that is waiting, being written or written
  int active_ = 0;           ///< builds being written
  struct Portion {
    std::shared_ptr<Job> job;
    std::vector<std::string> chunks;
  };
  std::vector<Portion> portions_;  ///< read, and to be written with whatever else this turn of the loop reads
  std::vector<Written> written_;
  std::int64_t written_bytes_ = 0;
  bool syncing_ = false;
  std::uint64_t life_ = 0;
};

}  // namespace headrace::dispatcher
