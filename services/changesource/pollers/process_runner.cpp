// SPDX-License-Identifier: Apache-2.0
#include "changesource/pollers/process_runner.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "spawn/spawn.hpp"

namespace headrace::changesource {
namespace {

namespace asio = boost::asio;
constexpr std::size_t kMaxOutput = 256u << 20;  // bytes of one command; more is no answer to a poll
constexpr milliseconds kReapInterval{5};

std::vector<std::string> environment(const std::map<std::string, std::string>& changes) {
  auto out = spawn::own_environment();
  for (const auto& [name, value] : changes) {
    std::erase_if(out, [&name = name](const std::string& e) { return e.starts_with(name + "="); });
    out.push_back(name + "=" + value);
  }
  return out;
}

}  // namespace

struct ProcessRunner::Run : std::enable_shared_from_this<ProcessRunner::Run> {
  Run(asio::io_context& io, std::filesystem::path d)
      : directory(std::move(d)), out(io), err(io), timer(io), reaper(io) {}

  std::filesystem::path directory;
  std::vector<PollCommand> commands;
  std::vector<PollResult> results;
  std::function<void(std::vector<PollResult>)> done;
  asio::posix::stream_descriptor out, err;
  asio::steady_timer timer, reaper;
  std::array<char, 65536> out_buffer{}, err_buffer{};
  pid_t pid = 0;
  int open_pipes = 0;
  bool stopped = false;

  void next() {
    if (stopped) return;
    if (results.size() == commands.size()) {
      auto callback = std::move(done);
      callback(std::move(results));
      return;
    }
    const auto& command = commands[results.size()];
    results.emplace_back();
    int out_pipe[2], err_pipe[2];
    if (::pipe2(out_pipe, O_CLOEXEC) != 0) return failed("no pipe");
    if (::pipe2(err_pipe, O_CLOEXEC) != 0) {
      ::close(out_pipe[0]), ::close(out_pipe[1]);
      return failed("no pipe");
    }
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    spawn::Command c;
    c.argv = command.argv;
    c.env = environment(command.environment);
    c.directory = directory.string();
    c.descriptors = {{null, 0}, {out_pipe[1], 1}, {err_pipe[1], 2}};
    c.new_session = true;
    c.parent_death_signal = SIGKILL;
    const auto started = spawn::start(c);
    ::close(null), ::close(out_pipe[1]), ::close(err_pipe[1]);
    if (!started) {
      ::close(out_pipe[0]), ::close(err_pipe[0]);
      return failed(started.error().text());
    }
    pid = *started;
    out.assign(out_pipe[0]);
    err.assign(err_pipe[0]);
    open_pipes = 2;
    read(out, out_buffer, &PollResult::out);
    read(err, err_buffer, &PollResult::err);
    timer.expires_after(command.timeout);
    timer.async_wait([self = shared_from_this(), expected = pid](const boost::system::error_code& e) {
      if (!e && self->pid == expected) ::kill(-expected, SIGKILL);
    });
  }

  void failed(const std::string& reason) {
    results.back() = {127, "", commands[results.size() - 1].argv[0] + " cannot be run: " + reason};
    asio::post(timer.get_executor(), [self = shared_from_this()] { self->next(); });
  }

  void read(asio::posix::stream_descriptor& from, std::array<char, 65536>& buffer,
            std::string PollResult::*to) {
    from.async_read_some(asio::buffer(buffer), [self = shared_from_this(), &from, &buffer, to](
                                                   const boost::system::error_code& e, std::size_t n) {
      if (self->stopped) return;
      auto& text = self->results.back().*to;
      text.append(buffer.data(), n);
      if (text.size() > kMaxOutput && self->pid) ::kill(-self->pid, SIGKILL);
      if (!e) return self->read(from, buffer, to);
      boost::system::error_code ignored;
      from.close(ignored);
      if (--self->open_pipes == 0) self->reap();
    });
  }

  // The pipes of the program are closed, so its end is near; a child of theirs may hold on a moment longer.
  void reap() {
    int status = 0;
    const pid_t got = ::waitpid(pid, &status, WNOHANG);
    if (got == 0) {
      reaper.expires_after(kReapInterval);
      reaper.async_wait([self = shared_from_this()](const boost::system::error_code& e) {
        if (!e && !self->stopped) self->reap();
      });
      return;
    }
    timer.cancel();
    pid = 0;
    results.back().exit_code = got > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    next();
  }

  void stop() {
    stopped = true;
    if (pid) {
      ::kill(-pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
      pid = 0;
    }
    boost::system::error_code ignored;
    out.close(ignored);
    err.close(ignored);
    timer.cancel();
    reaper.cancel();
  }
};

ProcessRunner::ProcessRunner(asio::io_context& io, std::filesystem::path directory)
    : io_(io), directory_(std::move(directory)) {}
ProcessRunner::~ProcessRunner() {
  if (run_) run_->stop();
}

void ProcessRunner::run(std::vector<PollCommand> commands,
                        std::function<void(std::vector<PollResult>)> done) {
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (error) {
    // Every command fails, in words; hooks and other pollers go on.
    const PollResult failed{127, "", "cannot make '" + directory_.string() + "': " + error.message()};
    asio::post(io_,
               [results = std::vector(commands.size(), failed), done = std::move(done)] { done(results); });
    return;
  }
  run_ = std::make_shared<Run>(io_, directory_);
  run_->commands = std::move(commands);
  run_->done = std::move(done);
  run_->next();
}

}  // namespace headrace::changesource
