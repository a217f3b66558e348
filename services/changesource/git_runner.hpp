// SPDX-License-Identifier: Apache-2.0
// Runs one git command after another as children of this process, on the loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "changesource/git_poller/poll.hpp"

namespace headrace::changesource {

class GitRunner {
 public:
  GitRunner(boost::asio::io_context& io, std::filesystem::path directory);
  ~GitRunner();  ///< kills what runs; its callback does not come

  /// One run at a time. Results in order, one for each command, whether or not one failed.
  void run(std::vector<git_poller::GitCommand> commands,
           std::function<void(std::vector<git_poller::GitResult>)> done);

 private:
  struct Run;
  boost::asio::io_context& io_;
  std::filesystem::path directory_;
  std::shared_ptr<Run> run_;
};

}  // namespace headrace::changesource
