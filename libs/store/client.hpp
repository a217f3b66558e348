// SPDX-License-Identifier: Apache-2.0
// The connection to Redis on the service's loop: hiredis' async API, pipelined, loads the functions.
//
// Transitions are committed (store/transitions/), the state is read (store/state/); both are typed.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "result/result.hpp"
#include "store/call.hpp"
#include "store/durability.hpp"
#include "store/read.hpp"

namespace headrace::store {

/// Where Redis is: "unix:/path/redis.sock", "tcp://host:6379", "tcp://:password@host:6379".
struct Address {
  std::string unix_path;
  std::string host;
  int port = 6379;
  std::string password;
};
[[nodiscard]] Result<Address> parse_address(std::string_view text);

struct Settings {
  Address address;
  std::string prefix = "{headrace}:";  ///< hash tag and all; every key of the core starts with it
  Durability durability = Durability::memory;
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

  /// Why Redis cannot keep what the settings' durability promises, in words; "" when it can. Known as soon as
  /// `up` is called. While Redis cannot even write its file, there is no connection at all.
  const std::string& weakness() const;
  /// Asks again; `done` comes when weakness() is up to date.
  void look_again(std::function<void()> done);

  /// Asks; `done` comes from the loop with the answer, or with the error that Redis gave.
  template <class T, class F>
  void read(const Read<T>& question, F done) {
    run(question.start(keys(), std::move(done)));
  }
  /// The same for answers that are dropped once the generation of `mark` has ended.
  template <class T, class F>
  void read(Generation::Mark mark, const Read<T>& question, F done) {
    run(while_current(std::move(mark), question.start(keys(), std::move(done))));
  }
  /// The same for a read that is not of one type. @param start  gives the first round
  void read(Generation::Mark mark, const std::function<Round(const KeyNames&)>& start) {
    run(while_current(std::move(mark), start(keys())));
  }
  /// All calls in one pipeline; `done` gets one reply a call, in order, when all are committed as the
  /// settings' durability has it. When they cannot be, the connection counts as lost.
  void commit(std::vector<Call> calls, std::function<void(std::vector<Reply>)> done);

 private:
  struct Impl;
  /// One round of a read after the other.
  void run(Round round);
  const KeyNames& keys() const;

  std::shared_ptr<Impl> impl_;  // shared with callbacks of hiredis, which may come after the client's end
};

/// The same connection for tools, tests and the simulation: blocks. Throws std::runtime_error when
/// Redis cannot be reached.
class BlockingClient {
 public:
  explicit BlockingClient(Settings settings);
  ~BlockingClient();
  /// Asks. Throws std::runtime_error when Redis answers with an error.
  template <class T>
  T read(const Read<T>& question) {
    std::optional<Result<T>> answer;
    run(question.start(keys(), [&](Result<T> r) { answer = std::move(r); }));
    if (!*answer) throw std::runtime_error(answer->error().text);
    return std::move(**answer);
  }
  /// Commits one transition.
  template <class Transition>
  Outcome<typename Transition::Answer> commit(const Transition& transition) {
    return Transition::read(call(transition.call()));
  }
  /// Throws std::runtime_error when Redis has taken the calls and cannot keep what the settings' durability
  /// promises of them.
  std::vector<Reply> commit(const std::vector<Call>& calls);
  /// Why Redis cannot keep that promise, in words; "" when it can.
  std::string weakness();
  /// Loads the library; `simulated_clock`: the functions take their time from key <prefix>clock.
  void load_functions(bool simulated_clock = false);

 protected:  // for RawClient, which is the tests'
  RedisReply command(const std::vector<std::string>& words);
  std::vector<RedisReply> pipeline(const std::vector<Words>& commands);
  /// Goes out with what is asked next; its answer is not looked at.
  void send(const Words& words);
  Reply call(const Call& call);
  const KeyNames& keys() const;

 private:
  void run(Round round);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::store
