// SPDX-License-Identifier: Apache-2.0
#include "process/loop.hpp"

#include <csignal>
#include <utility>

#include "log/log.hpp"
#include "process/private_files.hpp"

namespace headrace::process {

Loop::Loop(const std::string& name, const std::string& log_level)
    : signals_(io_, SIGTERM, SIGINT), parent_(io_) {
  make_files_private();
  start_logging(name, log_level);
  std::signal(SIGPIPE, SIG_IGN);
}

void Loop::watch_parent(int descriptor) {
  if (descriptor < 0) return;
  parent_.assign(descriptor);
  parent_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const auto& error) {
    if (!error) ask("the parent has ended");
  });
}

int Loop::run(std::function<void(const std::string&)> asked) {
  asked_ = std::move(asked);
  signals_.async_wait([this](const auto& error, int signal) {
    if (!error) ask(signal == SIGTERM ? "SIGTERM" : "SIGINT");
  });
  io_.run();
  return status_;
}

void Loop::ask(const std::string& reason) {
  const auto asked = std::exchange(asked_, nullptr);
  if (!asked) return;
  spdlog::info("stopping reason={}", reason);
  asked(reason);
}

void Loop::end(int status) {
  status_ = status;
  io_.stop();
}

}  // namespace headrace::process
