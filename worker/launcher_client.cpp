// SPDX-License-Identifier: Apache-2.0
#include "worker/launcher_client.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>
#include <stdexcept>
#include <thread>

#include "spawn/spawn.hpp"
#include "worker/command_pipes.hpp"
#include "worker/launcher/channel.hpp"

namespace headrace::worker {
namespace {
namespace asio = boost::asio;
constexpr milliseconds kAliveEvery{1000};
constexpr int kChannelFd = 3;  // in the launcher
}  // namespace

class LauncherClient::Impl : public std::enable_shared_from_this<LauncherClient::Impl> {
 public:
  Impl(asio::io_context& io, Events events)
      : io_(io), events_(std::move(events)), socket_(io.get_executor()), alive_(io) {}

  void launch(const LauncherOptions& options) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      throw std::runtime_error(std::string("no socket pair for the launcher: ") + std::strerror(errno));
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    spawn::Command c;
    c.argv = {options.program, std::to_string(kChannelFd), std::to_string(options.lease.count()),
              options.marker};
    for (auto& e : spawn::own_environment())
      if (!e.starts_with("HEADRACE_")) c.env.push_back(e);
    // An earlier launcher is found by it and swept away as well.
    c.env.push_back(std::string(kWorkerMarker) + "=" + options.marker);
    c.descriptors = {{null, 0}, {null, 1}, {2, 2}, {ends[1], kChannelFd}};
    c.new_session = true;
    c.umask = options.umask;
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
    tick();
  }

  void start(const StartCommand& command) {
    auto pipes = std::make_shared<CommandPipes>(io_);
    auto ends = pipes->open(command.input, [this, exec = command.exec](char channel, std::string_view bytes) {
      events_.output(exec, channel, bytes);
    });
    if (ends.empty()) {
      const SpawnFailure failure{errno, "start", command.argv.at(0)};
      asio::post(io_, [self = shared_from_this(), exec = command.exec, failure] {
        if (self->events_.spawn_failed) self->events_.spawn_failed(exec, failure);
      });
      return;
    }
    runs_[command.exec] = pipes;
    json::Array env;
    for (const auto& [name, value] : command.env) env.push_back(name + "=" + value);
    send(json::Object{{"op", "start"},
                      {"id", command.exec.value},
                      {"argv", json::Array(command.argv.begin(), command.argv.end())},
                      {"env", std::move(env)},
                      {"directory", command.directory}},
         std::move(ends));
    pipes->start();
  }

  void kill(const KillCommand& command) {
    send(json::Object{{"op", "kill"}, {"id", command.exec.value}, {"sigterm_ms", command.sigterm.count()}});
  }

  void discard(ExecId exec) {
    const auto it = runs_.find(exec);
    if (it != runs_.end()) std::shared_ptr(it->second)->discard();
  }

  void set_reading(ExecId exec, bool on) {
    const auto it = runs_.find(exec);
    if (it != runs_.end()) std::shared_ptr(it->second)->set_reading(on);
  }

  void shut_down() {
    events_ = {};
    alive_.cancel();
    socket_.release();
    channel_.reset();  // the launcher sees the end, kills and leaves
    for (auto& [exec, pipes] : runs_) pipes->close();
    runs_.clear();
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    while (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == 0 && std::chrono::steady_clock::now() < give_up)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    pid_ = 0;
  }

 private:
  using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

  void send(const json::Value& message, std::vector<int> descriptors = {}) {
    channel_->send(message, std::move(descriptors));
    wait_write();
  }

  void wait_read() {
    socket_.async_wait(Descriptor::wait_read, [self = shared_from_this()](const auto& error) {
      if (error || !self->channel_) return;
      const bool open =
          self->channel_->receive([&](const json::Value& m, std::vector<int>) { self->on_message(m); });
      if (!self->channel_) return;
      if (open) return self->wait_read();
      if (self->events_.lost) self->events_.lost();
    });
  }

  void wait_write() {
    if (writing_ || !channel_->wants_to_write()) return;
    writing_ = true;
    socket_.async_wait(Descriptor::wait_write, [self = shared_from_this()](const auto& error) {
      self->writing_ = false;
      if (error || !self->channel_) return;
      self->channel_->flush();
      self->wait_write();
    });
  }

  void tick() {
    send(json::Object{{"op", "alive"}});
    alive_.expires_after(kAliveEvery);
    alive_.async_wait([self = shared_from_this()](const auto& error) {
      if (!error && self->channel_) self->tick();
    });
  }

  void on_message(const json::Value& m) {
    const ExecId exec{m["id"].int_or(0)};
    const auto it = runs_.find(exec);
    if (it == runs_.end()) return;
    const auto pipes = it->second;
    const bool failed = m["op"] == json::Value("failed");
    Exit exit;
    exit.code = static_cast<int>(m["code"].int_or(-1));
    exit.signal = static_cast<int>(m["signal"].int_or(0));
    exit.lost = m["lost"].bool_or(false);
    const SpawnFailure failure{static_cast<int>(m["error"].int_or(0)), m["what"].string_or(""),
                               m["path"].string_or("")};
    pipes->finish([this, weak = weak_from_this(), exec, failed, exit, failure] {
      const auto self = weak.lock();
      if (!self) return;
      runs_.erase(exec);
      if (failed && events_.spawn_failed) events_.spawn_failed(exec, failure);
      if (!failed && events_.exit) events_.exit(exec, exit);
    });
  }

  asio::io_context& io_;
  Events events_;
  std::unique_ptr<Channel> channel_;
  Descriptor socket_;
  asio::steady_timer alive_;
  bool writing_ = false;
  pid_t pid_ = 0;
  std::map<ExecId, std::shared_ptr<CommandPipes>> runs_;
};

LauncherClient::LauncherClient(asio::io_context& io, const LauncherOptions& options, Events events)
    : impl_(std::make_shared<Impl>(io, std::move(events))) {
  impl_->launch(options);
}
LauncherClient::~LauncherClient() { impl_->shut_down(); }
void LauncherClient::start(const StartCommand& command) { impl_->start(command); }
void LauncherClient::kill(const KillCommand& command) { impl_->kill(command); }
void LauncherClient::discard(ExecId exec) { impl_->discard(exec); }
void LauncherClient::set_reading(ExecId exec, bool on) { impl_->set_reading(exec, on); }

}  // namespace headrace::worker
