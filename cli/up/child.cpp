// SPDX-License-Identifier: Apache-2.0
#include "cli/up/child.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include "cli/up/log_file.hpp"
#include "spawn/spawn.hpp"

namespace headrace::cli {
namespace {

// Settings of another installation in the person's environment are not meant for our children.
std::vector<std::string> clean_environment() {
  auto env = spawn::own_environment();
  std::erase_if(env, [](const std::string& e) { return e.starts_with("HEADRACE_"); });
  return env;
}

}  // namespace

std::string end_text(int status) {
  return WIFSIGNALED(status) ? "was killed by signal " + std::to_string(WTERMSIG(status))
                             : "ended with status " + std::to_string(WEXITSTATUS(status));
}

Child::Child(boost::asio::io_context& io, const Layout& layout, Program program, int parent_pipe,
             bool verbose)
    : layout_(layout),
      program_(std::move(program)),
      parent_pipe_(parent_pipe),
      verbose_(verbose),
      timer_(io) {}

Child::~Child() { kill(); }

void Child::start() {
  const int log = verbose_ ? ::dup(STDERR_FILENO) : open_log_file(layout_.log_file(program_.name));
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  spawn::Command command;
  command.argv = program_.argv;
  command.env = clean_environment();
  command.descriptors = {{nothing, 0}, {log, 1}, {log, 2}};
  if (program_.watches_parent) command.descriptors.emplace_back(parent_pipe_, 3);
  command.new_session = true;
  command.parent_death_signal = SIGTERM;
  command.umask = program_.umask;
  const auto pid = spawn::start(command);
  ::close(log);
  ::close(nothing);
  if (!pid) throw std::runtime_error(program_.name + ": " + pid.error().text());
  pid_ = *pid;
  ++starts_;
  started_at_ = mono_now();
  std::ofstream(layout_.pid_file(program_.name)) << pid_ << "\n";
}

void Child::plan_start() {
  if (mono_now() - started_at_ > kBackOffReset) back_off_ = kBackOffFirst;
  timer_.expires_after(back_off_);
  back_off_ = std::min(back_off_ * 2, kBackOffMost);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || stopping_) return;
    try {
      start();
    } catch (const std::runtime_error& e) {
      // Out of processes or disk, or the program is being replaced: later it may work.
      std::cerr << "headrace: " << e.what() << std::endl;
      plan_start();
    }
  });
}

void Child::reap() {
  if (!pid_) return;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_) gone(status);
}

void Child::gone(int status) {
  pid_ = 0;
  std::error_code ignored;
  std::filesystem::remove(layout_.pid_file(program_.name), ignored);
  if (stopping_) {
    timer_.cancel();
    if (auto done = std::exchange(stopped_, nullptr)) done();
    return;
  }
  if (!ended_ || ended_(*this, status)) plan_start();
}

void Child::stop(std::function<void()> done) {
  stopping_ = true;
  timer_.cancel();
  if (!pid_) return done();
  stopped_ = std::move(done);
  ::kill(pid_, SIGTERM);
  ::kill(pid_, SIGCONT);  // a stopped process would not hear it
  timer_.expires_after(kStopLimit);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || !pid_) return;
    std::cerr << "headrace: " << program_.name << " did not stop within " << kStopLimit.count()
              << " s, killed" << std::endl;
    ::kill(pid_, SIGKILL);
  });
}

void Child::kill() {
  stopping_ = true;
  timer_.cancel();
  if (!pid_) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  if (::waitpid(pid_, &status, 0) == pid_) gone(status);
}

}  // namespace headrace::cli
