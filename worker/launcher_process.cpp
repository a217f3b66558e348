// SPDX-License-Identifier: Apache-2.0
#include "worker/launcher_process.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "spawn/spawn.hpp"

namespace headrace::worker {
namespace {
constexpr int kChannelFd = 3;  // in the launcher
}  // namespace

void LauncherProcess::launch(const std::string& program, const std::vector<std::string>& arguments,
                             std::vector<std::string> env, std::optional<mode_t> umask, Events events) {
  events_ = std::move(events);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::runtime_error(std::string("no socket pair for the launcher: ") + std::strerror(errno));
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  spawn::Command c;
  c.argv = {program, std::to_string(kChannelFd)};
  c.argv.insert(c.argv.end(), arguments.begin(), arguments.end());
  c.env = std::move(env);
  c.descriptors = {{null, 0}, {null, 1}, {2, 2}, {ends[1], kChannelFd}};
  c.new_session = true;
  c.umask = umask;
  const auto pid = spawn::start(c);
  ::close(null);
  ::close(ends[1]);
  if (!pid) {
    ::close(ends[0]);
    throw std::runtime_error(pid.error().text());
  }
  pid_ = *pid;
  channel_ = std::make_unique<Channel>(ends[0]);
  socket_.assign(ends[0]);
  wait_read();
}

void LauncherProcess::send(const json::Value& message, std::vector<int> descriptors) {
  channel_->send(message, std::move(descriptors));
  wait_write();
}

void LauncherProcess::hang_up() {
  events_ = {};
  if (socket_.is_open()) socket_.release();
  channel_.reset();
}

bool LauncherProcess::reap() {
  if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == 0) return false;
  pid_ = 0;
  return true;
}

void LauncherProcess::wait_read() {
  socket_.async_wait(Descriptor::wait_read, [self = shared_from_this()](const auto& error) {
    if (error || !self->channel_) return;
    const bool open = self->channel_->receive([&](const json::Value& m, std::vector<int>) {
      if (self->events_.message) self->events_.message(m);
    });
    if (!self->channel_) return;
    if (open) return self->wait_read();
    if (const auto gone = std::exchange(self->events_.gone, nullptr)) gone();
  });
}

void LauncherProcess::wait_write() {
  if (writing_ || !channel_->wants_to_write()) return;
  writing_ = true;
  socket_.async_wait(Descriptor::wait_write, [self = shared_from_this()](const auto& error) {
    self->writing_ = false;
    if (error || !self->channel_) return;
    self->channel_->flush();
    self->wait_write();
  });
}

}  // namespace headrace::worker
