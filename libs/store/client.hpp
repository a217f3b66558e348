// SPDX-License-Identifier: Apache-2.0
// The connection to Redis on the service's loop: hiredis' async API, pipelined, loads the functions.
//
// Plain commands are for reading; every transition is a Call of one Redis function (functions/*.lua).
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "result/result.hpp"
#include "wire/event.hpp"

namespace headrace::store {

/// A raw Redis answer.
struct RedisReply {
  enum class Kind { nil, integer, string, array, status, error } kind = Kind::nil;
  std::int64_t integer = 0;
  std::string text;  ///< of string, status, error
  std::vector<RedisReply> items;

  bool is_error() const { return kind == Kind::error; }
};

/// One call of a Redis function: a transition. `function` without the library's prefix: "change_add".
struct Call {
  std::string function;
  std::vector<std::string> args;
};

/// What a function answered. Refusals are values: the transition did not apply and nothing was written.
struct Reply {
  bool ok = false;
  std::string refusal;  ///< when !ok: one word first ("fenced", "stale", "gone", "bad"), then the reason
  std::string value;    ///< when ok: MessagePack, meaning per function (functions/README in protocol.md)
  std::vector<wire::Event> events;     ///< what the transition appended, in order
  std::vector<std::string> envelopes;  ///< of the events, as stored
};

/// Where Redis is: "unix:/path/redis.sock", "tcp://host:6379", "tcp://:password@host:6379".
struct Address {
  std::string unix_path;
  std::string host;
  int port = 6379;
  std::string password;
};
[[nodiscard]] Result<Address> parse_address(std::string_view text);

enum class Durability { process, machine, replica };

struct Settings {
  Address address;
  std::string prefix = "{headrace}:";           ///< hash tag and all; every key of the core starts with it
  Durability durability = Durability::process;  ///< replica: WAIT 1 ends every batch
};

/// Names of keys, so that readers and functions agree. docs/protocol.md, "What lives in Redis".
class Keys {
 public:
  explicit Keys(std::string prefix) : prefix_(std::move(prefix)) {}
  const std::string& prefix() const { return prefix_; }
  std::string operator()(std::string_view name) const { return prefix_ + std::string(name); }
  /// Logs of one build live in a slot of their own: "{headrace:log:12}:".
  std::string log_prefix(std::int64_t build) const;

 private:
  std::string prefix_;
};

/// Asynchronous client. Callbacks come from the loop, in order of sending.
class Client {
 public:
  Client(boost::asio::io_context& io, Settings settings);
  ~Client();

  /// Connects, loads the function library when Redis has none or an older one, and calls `up`. When the
  /// connection is lost later (or cannot be made), calls `down` once with the reason; callbacks of what
  /// was in flight are dropped: nobody knows what was committed. Call connect again to retry.
  void connect(std::function<void()> up, std::function<void(std::string reason)> down);
  /// Ends the connection, if there is one; none of its callbacks is called any more.
  void disconnect();
  bool connected() const;

  /// One plain command. Errors of Redis are in the reply.
  void command(std::vector<std::string> words, std::function<void(RedisReply)> done);
  /// All calls in one pipeline (followed by WAIT for Durability::replica); `done` gets one reply a call,
  /// in order, when all are committed.
  void commit(std::vector<Call> calls, std::function<void(std::vector<Reply>)> done);

  const Keys& keys() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// The same connection for tools, tests and the simulation: blocks. Throws std::runtime_error when
/// Redis cannot be reached.
class BlockingClient {
 public:
  explicit BlockingClient(Settings settings);
  ~BlockingClient();
  RedisReply command(const std::vector<std::string>& words);
  Reply call(const Call& call);
  std::vector<Reply> commit(const std::vector<Call>& calls);
  /// Loads the library; `simulated_clock`: the functions take their time from key <prefix>clock.
  void load_functions(bool simulated_clock = false);
  const Keys& keys() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::store
