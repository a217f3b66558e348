// SPDX-License-Identifier: Apache-2.0
// Runs the commands of polls as children of this process, one after another, on the loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "changesource/pollers/poller_kind.hpp"

namespace headrace::changesource {

class ProcessRunner : public PollRunner {
 public:
  /// @param directory  where the programs run; made when it is missing
  ProcessRunner(boost::asio::io_context& io, std::filesystem::path directory);
  ~ProcessRunner() override;

  void run(std::vector<PollCommand> commands, std::function<void(std::vector<PollResult>)> done) override;

 private:
  struct Run;
  boost::asio::io_context& io_;
  std::filesystem::path directory_;
  std::shared_ptr<Run> run_;  // its pipes and timers hold it until they have come back
};

}  // namespace headrace::changesource
