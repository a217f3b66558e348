// SPDX-License-Identifier: Apache-2.0
// The socket pair between worker and launcher: messages with descriptors, in order.
//
// A message is four bytes of length (little endian) and a MessagePack map. From the worker:
//   {op: "house", base, of_site, of_worker}   first; see platform::House
//   {op: "start", id, argv, env, directory, isolation}
//                                             with three descriptors: stdin, stdout, stderr of the child;
//                                             isolation: null or {build_directory, readable, writable, own}
//   {op: "kill", id, sigterm_ms}              the command and all its descendants
//   {op: "alive", left_ms}                    each second; without another message for so long: every command
//                                             is killed
// From the launcher:
//   {op: "failed", id, error, what, path}     it did not start
//   {op: "exit", id, code, signal, lost}      it ended, and nothing of it is left
// The end of the stream is the end of the other process.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "json/value.hpp"

namespace headrace::worker {

/// In the environment of each command, so that a later life of the worker finds what was left: one value for
/// each base directory.
inline constexpr const char* kWorkerMarker = "HEADRACE_WORKER";

class Channel {
 public:
  /// Takes the descriptor, makes it non-blocking.
  explicit Channel(int fd);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  int fd() const { return fd_; }

  /// Queues a message and writes what the socket takes. Takes the descriptors and closes them.
  void send(const json::Value& message, std::vector<int> descriptors = {});
  /// Writes more of the queue. @return false when the other end is gone
  bool flush();
  bool wants_to_write() const { return !out_.empty(); }

  using Handler = std::function<void(const json::Value& message, std::vector<int> descriptors)>;
  /// Reads what there is and hands every whole message on; the handler owns the descriptors of a "start".
  /// @return false when the other end is gone or sends what is no message
  bool receive(const Handler& handler);

 private:
  struct Outgoing {
    std::string bytes;
    std::size_t written = 0;
    std::vector<int> descriptors;  // go with the first byte
  };
  bool read_some();

  int fd_;
  std::deque<Outgoing> out_;
  std::string in_;
  std::deque<int> received_;  // descriptors that no message has taken yet
};

}  // namespace headrace::worker
