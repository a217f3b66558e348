// SPDX-License-Identifier: Apache-2.0
// Takes the logs of finished builds from Redis to the log store, a few builds at a time. Files are
// written on a thread of its own; a log counts as moved only when what was written is what Redis had.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <deque>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "dispatcher/log_lane.hpp"
#include "model/ids.hpp"
#include "service/host.hpp"

namespace headrace::dispatcher {

class LogMover {
 public:
  LogMover(service::Host& host, LogLane& lane, std::filesystem::path directory);
  ~LogMover();

  void add(BuildId build);
  /// Builds that ended long ago and still have their logs in Redis: whoever should have moved them died.
  void look_for_leftovers();
  /// After a lost connection.
  void clear();
  std::size_t waiting() const { return queue_.size() + active_.size(); }

 private:
  struct Job;
  void next();
  void start(BuildId build);
  void read_more(std::shared_ptr<Job> job);
  void write(std::shared_ptr<Job> job, std::vector<std::string> chunks);
  void next_log(std::shared_ptr<Job> job);
  void finish(std::shared_ptr<Job> job);
  void end(BuildId build);

  service::Host& host_;
  LogLane& lane_;
  std::filesystem::path directory_;
  boost::asio::thread_pool pool_{1};
  std::deque<BuildId> queue_;
  std::set<BuildId> active_;
  std::uint64_t life_ = 0;
};

}  // namespace headrace::dispatcher
