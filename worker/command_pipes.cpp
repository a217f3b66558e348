// SPDX-License-Identifier: Apache-2.0
#include "worker/command_pipes.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace headrace::worker {
namespace {
constexpr std::size_t kPortion = 256 * 1024;
constexpr int kPortionsPerTurn = 4;
constexpr std::size_t kGrowFrom = 60 * 1024;  // a read of a full pipe: this command writes much
constexpr int kLargePipe = 1 << 20;
constexpr int kLastTurns = 8;  // more than a pipe holds
}  // namespace

std::vector<int> CommandPipes::open(std::optional<std::string> input, Output output) {
  output_ = std::move(output);
  int out[2] = {-1, -1}, err[2] = {-1, -1}, in[2] = {-1, -1};
  const auto close_all = [&] {
    const int error = errno;
    for (const int fd : {out[0], out[1], err[0], err[1], in[0], in[1]})
      if (fd >= 0) ::close(fd);
    errno = error;
    return std::vector<int>{};
  };
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) return close_all();
  if (input) {
    if (pipe2(in, O_CLOEXEC) != 0) return close_all();
    fcntl(in[1], F_SETFL, O_NONBLOCK);
  } else {
    in[0] = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (in[0] < 0) return close_all();
  }
  // Only our ends: the command's must block as programs expect it.
  fcntl(out[0], F_SETFL, O_NONBLOCK);
  fcntl(err[0], F_SETFL, O_NONBLOCK);
  streams_[0].channel = 'o';
  streams_[0].pipe = std::make_unique<Descriptor>(io_.get_executor(), out[0]);
  streams_[1].channel = 'e';
  streams_[1].pipe = std::make_unique<Descriptor>(io_.get_executor(), err[0]);
  if (input) {
    input_ = std::move(*input);
    input_pipe_ = std::make_unique<Descriptor>(io_.get_executor(), in[1]);
  }
  return {in[0], out[1], err[1]};
}

void CommandPipes::start() {
  for (auto& s : streams_) wait(s);
  write_input();
}

void CommandPipes::wait(Stream& stream) {
  if (!stream.pipe || stream.waiting || !reading_) return;
  stream.waiting = true;
  stream.pipe->async_wait(Descriptor::wait_read, [self = shared_from_this(), &stream](const auto& error) {
    stream.waiting = false;
    if (error || !stream.pipe) return;
    if (!self->reading_) return;  // set_reading(true) waits again
    if (self->read(stream) == Read::ended) stream.pipe.reset();
    self->wait(stream);
    self->check_done();
  });
}

CommandPipes::Read CommandPipes::read(Stream& stream) {
  static thread_local std::vector<char> buffer(kPortion);
  for (int i = 0; i < kPortionsPerTurn && reading_; ++i) {
    const ssize_t n = ::read(stream.pipe->native_handle(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return Read::empty;
    if (n <= 0) return Read::ended;
    const auto size = static_cast<std::size_t>(n);
    if (!stream.grown && size >= kGrowFrom) {
      stream.grown = true;
      fcntl(stream.pipe->native_handle(), F_SETPIPE_SZ,
            kLargePipe);  // may be refused: then it stays as it is
    }
    if (!discard_ && output_) output_(stream.channel, {buffer.data(), size});
    if (!stream.pipe) return Read::ended;  // closed by the callback
  }
  return Read::more;
}

void CommandPipes::set_reading(bool on) {
  if (reading_ == on) return;
  reading_ = on;
  if (!on) return;
  for (auto& s : streams_) wait(s);
  check_done();
}

void CommandPipes::discard() {
  discard_ = true;
  set_reading(true);
}

void CommandPipes::finish(std::function<void()> done) {
  done_ = std::move(done);
  check_done();
}

// Nobody is left who writes, so what is in the pipes now is all. (A process that escaped every search may
// still hold one open: it is not waited for.)
void CommandPipes::check_done() {
  if (!done_) return;
  for (auto& s : streams_) {
    for (int turn = 0; s.pipe && reading_ && turn < kLastTurns; ++turn) {
      const Read r = read(s);
      if (r == Read::ended) s.pipe.reset();
      if (r == Read::empty) break;
    }
    if (!reading_) return;
  }
  close();
  std::exchange(done_, nullptr)();
}

void CommandPipes::write_input() {
  while (input_pipe_) {
    if (input_written_ == input_.size()) {
      input_pipe_.reset();
      return;
    }
    const ssize_t n =
        ::write(input_pipe_->native_handle(), input_.data() + input_written_, input_.size() - input_written_);
    if (n > 0) {
      input_written_ += static_cast<std::size_t>(n);
    } else if (n < 0 && errno == EAGAIN) {
      input_pipe_->async_wait(Descriptor::wait_write, [self = shared_from_this()](const auto& error) {
        if (!error) self->write_input();
      });
      return;
    } else if (errno != EINTR) {
      input_pipe_.reset();  // it does not want it
    }
  }
}

void CommandPipes::close() {
  for (auto& s : streams_) s.pipe.reset();
  input_pipe_.reset();
  output_ = nullptr;
}

}  // namespace headrace::worker
