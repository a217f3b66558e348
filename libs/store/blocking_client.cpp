// SPDX-License-Identifier: Apache-2.0
#include <hiredis/hiredis.h>

#include <stdexcept>
#include <thread>

#include "store/client.hpp"
#include "store/functions.hpp"
#include "store/reply.hpp"

namespace headrace::store {
namespace {

constexpr std::chrono::milliseconds kLookPause{2};
constexpr int kLooks = 5000;  // 10 s

struct FreeContext {
  void operator()(redisContext* c) const { redisFree(c); }
};
struct FreeReply {
  void operator()(redisReply* r) const { freeReplyObject(r); }
};
using ReplyPtr = std::unique_ptr<redisReply, FreeReply>;

}  // namespace

struct BlockingClient::Impl {
  Settings settings;
  KeyNames keys;
  std::unique_ptr<redisContext, FreeContext> context;
  int unread = 0;  ///< answers that nobody waits for, before all others

  explicit Impl(Settings s) : settings(std::move(s)), keys(settings.prefix) {
    const auto& a = settings.address;
    const timeval limit{5, 0};
    context.reset(a.unix_path.empty() ? redisConnectWithTimeout(a.host.c_str(), a.port, limit)
                                      : redisConnectUnixWithTimeout(a.unix_path.c_str(), limit));
    if (!context || context->err)
      throw std::runtime_error("cannot reach Redis at " + (a.unix_path.empty() ? a.host : a.unix_path) +
                               ": " + (context ? context->errstr : "out of memory"));
    if (!a.password.empty() && answer(run({"AUTH", a.password})).is_error())
      throw std::runtime_error("Redis refused the password");
  }

  void append(const std::vector<std::string>& words) {
    std::vector<const char*> argv;
    std::vector<std::size_t> sizes;
    for (const auto& w : words) argv.push_back(w.data()), sizes.push_back(w.size());
    redisAppendCommandArgv(context.get(), static_cast<int>(words.size()), argv.data(), sizes.data());
  }
  ReplyPtr next() {
    for (; unread > 0; --unread) take();
    return take();
  }
  ReplyPtr take() {
    void* raw = nullptr;
    if (redisGetReply(context.get(), &raw) != REDIS_OK)
      throw std::runtime_error(std::string("Redis: ") + context->errstr);
    return ReplyPtr(static_cast<redisReply*>(raw));
  }
  ReplyPtr run(const std::vector<std::string>& words) {
    append(words);
    return next();
  }
  // Throws unless what was committed before is as safe as the durability has it.
  void make_sure() {
    if (settings.durability == Durability::process) make_sure_of_file();
    if (settings.durability != Durability::replica) return;
    const auto confirmed = answer(run({"WAIT", "1", "2000"}));
    if (confirmed.kind != RedisReply::Kind::integer || confirmed.integer < 1)
      throw std::runtime_error("Redis has it, but no replica has confirmed it within 2 s: it may be lost");
  }
  void make_sure_of_file() {
    FileLook file;
    for (int looks = 0; looks < kLooks; ++looks) {
      if (looks > 1) std::this_thread::sleep_for(kLookPause);
      const auto found = file.look(answer(run(FileLook::question())));
      if (found == FileLook::Found::failed) throw std::runtime_error(file.why());
      if (found != FileLook::Found::not_yet) return;
    }
    throw std::runtime_error("Redis has it, but does not write its append-only file: it may be lost");
  }
  static RedisReply answer(const ReplyPtr& r) { return convert(r.get()); }
};

BlockingClient::BlockingClient(Settings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
BlockingClient::~BlockingClient() = default;
const KeyNames& BlockingClient::keys() const { return impl_->keys; }

void BlockingClient::run(Round round) {
  for (;;) {
    auto next = take_answers(round, pipeline(round.commands));
    if (!next) return;
    round = std::move(*next);
  }
}

void BlockingClient::send(const Words& words) {
  impl_->append(words);
  ++impl_->unread;
}

std::vector<RedisReply> BlockingClient::pipeline(const std::vector<Words>& commands) {
  for (const auto& words : commands) impl_->append(words);
  std::vector<RedisReply> answers;
  for (std::size_t i = 0; i < commands.size(); ++i) answers.push_back(Impl::answer(impl_->next()));
  return answers;
}

RedisReply BlockingClient::command(const std::vector<std::string>& words) {
  return Impl::answer(impl_->run(words));
}

std::vector<Reply> BlockingClient::commit(const std::vector<Call>& calls) {
  for (const auto& call : calls) impl_->append(fcall_words(call, impl_->settings.prefix));
  std::vector<Reply> out;
  std::string lost;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    auto reply = convert_call(impl_->next().get(), lost);
    if (reply) out.push_back(std::move(*reply));
  }
  if (!lost.empty()) throw std::runtime_error("Redis: " + lost);
  impl_->make_sure();
  return out;
}

std::string BlockingClient::weakness() {
  if (impl_->settings.durability == Durability::memory) return "";
  const auto found = read_persistence(pipeline(persistence_questions()));
  return found.write_error.empty() ? why_too_weak(found, impl_->settings.durability) : found.write_error;
}

Reply BlockingClient::call(const Call& call) { return commit({call}).front(); }

void BlockingClient::load_functions(bool simulated_clock) {
  const auto& lib = library(simulated_clock);
  const auto revision = command({"FCALL", "headrace1_revision", "0"});
  if (!revision.is_error()) {
    if (revision.integer > lib.revision) return;
    if (revision.integer == lib.revision && command({"FCALL", "headrace1_digest", "0"}).text == lib.digest)
      return;
  }
  const auto loaded = command({"FUNCTION", "LOAD", "REPLACE", lib.text});
  if (loaded.is_error()) throw std::runtime_error("FUNCTION LOAD: " + loaded.text);
}

}  // namespace headrace::store
