// SPDX-License-Identifier: Apache-2.0
#include "changesource/pollers/process_runner.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>

#include "spawn/spawn.hpp"

namespace headrace::changesource {
namespace {

namespace asio = boost::asio;
constexpr std::size_t kMaxOutput = 256u << 20;  // bytes of one command; more is no answer to a poll
constexpr std::size_t kMaxErrors = 64u << 10;   // bytes of its stderr that are kept
constexpr milliseconds kReapInterval{5};

std::vector<std::string> environment_for(const PollCommand& command) {
  std::map<std::string, std::string> variables;
  for (const auto& e : spawn::own_environment())
    variables[e.substr(0, e.find('='))] = e.substr(std::min(e.find('='), e.size() - 1) + 1);
  if (command.prepare) command.prepare(variables);
  std::vector<std::string> out;
  for (const auto& [name, value] : variables) out.push_back(name + "=" + value);
  return out;
}

// A file without a name that holds the text, to be read from its beginning; -1 when there is no memory.
int file_with(const std::string& text) {
  const int file = ::memfd_create("input", MFD_CLOEXEC);
  std::size_t done = 0;
  while (file >= 0 && done < text.size()) {
    const auto n = ::pwrite(file, text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (n > 0) {
      done += static_cast<std::size_t>(n);
    } else if (n == 0 || errno != EINTR) {
      ::close(file);
      return -1;
    }
  }
  return file;
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
  std::chrono::steady_clock::time_point heard;  ///< the last output
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
    const int input = file_with(command.input);
    if (input < 0) {
      for (const int end : {out_pipe[0], out_pipe[1], err_pipe[0], err_pipe[1]}) ::close(end);
      return failed("no memory for its input");
    }
    spawn::Command c;
    c.argv = command.argv;
    c.env = environment_for(command);
    c.directory = directory.string();
    c.descriptors = {{input, 0}, {out_pipe[1], 1}, {err_pipe[1], 2}};
    c.new_session = true;
    c.parent_death_signal = SIGKILL;
    const auto started = spawn::start(c);
    ::close(input), ::close(out_pipe[1]), ::close(err_pipe[1]);
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
    heard = std::chrono::steady_clock::now();
    watch(command.silence);
  }

  // Kills the program when it has said nothing for so long. Looks only as often, not at each piece of output.
  void watch(milliseconds silence) {
    timer.expires_at(heard + silence);
    timer.async_wait(
        [self = shared_from_this(), silence, expected = pid](const boost::system::error_code& e) {
          if (e || self->pid != expected) return;
          if (std::chrono::steady_clock::now() < self->heard + silence) return self->watch(silence);
          self->results.back().err +=
              "\nfatal: killed after " + std::to_string(silence.count() / 1000) + " s without output\n";
          ::kill(-expected, SIGKILL);
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
      if (n > 0) self->heard = std::chrono::steady_clock::now();
      // Progress of hours; what matters comes last.
      if (to == &PollResult::err && text.size() > 2 * kMaxErrors) text.erase(0, text.size() - kMaxErrors);
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
