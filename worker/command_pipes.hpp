// SPDX-License-Identifier: Apache-2.0
// The three pipes of one command: its output is read in large portions while it is wanted, its input is
// written as it takes it.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::worker {

class CommandPipes : public std::enable_shared_from_this<CommandPipes> {
 public:
  using Output = std::function<void(char channel, std::string_view bytes)>;
  explicit CommandPipes(boost::asio::io_context& io) : io_(io) {}

  /// Makes the pipes. @return the child's ends: stdin, stdout, stderr; empty when the system has none left
  /// (errno says why)
  std::vector<int> open(std::optional<std::string> input, Output output);
  void start();
  void set_reading(bool on);
  /// Goes on reading, and throws away what comes.
  void discard();
  /// The command and all its descendants have ended: `done` comes when everything they wrote is read.
  void finish(std::function<void()> done);
  void close();

 private:
  using Descriptor = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;
  struct Stream {
    char channel = 'o';
    std::unique_ptr<Descriptor> pipe;
    bool waiting = false;
    bool grown = false;
  };
  void wait(Stream& stream);
  enum class Read { more, empty, ended };
  /// Reads what there is, at most a few portions for each turn of the loop.
  Read read(Stream& stream);
  void check_done();
  void write_input();

  boost::asio::io_context& io_;
  std::array<Stream, 2> streams_;
  std::unique_ptr<Descriptor> input_pipe_;
  std::string input_;
  std::size_t input_written_ = 0;
  Output output_;
  bool reading_ = true;
  bool discard_ = false;
  std::function<void()> done_;
};

}  // namespace headrace::worker
