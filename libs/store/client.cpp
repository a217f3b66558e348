// SPDX-License-Identifier: Apache-2.0
#include "store/client.hpp"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>

#include "store/functions.hpp"
#include "store/reply.hpp"

namespace headrace::store {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

// Redis puts a write of its file off for 2 s at most, and a disk may stand still for as long again.
constexpr std::chrono::seconds kFileLimit{10};
constexpr std::chrono::milliseconds kLookPause{2};
constexpr int kLooksWithoutPause = 3;

// One life of the connection. hiredis owns the descriptor and calls back into the five hooks; this
// object lives until hiredis has cleaned up and the last pending wait has come back.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(asio::io_context& io, redisAsyncContext* context)
      : context_(context), descriptor_(io.get_executor(), context->c.fd) {}

  void attach() {
    keep_ = shared_from_this();
    context_->ev.data = this;
    context_->ev.addRead = [](void* p) {
      static_cast<Connection*>(p)->want(&Connection::reading_, Descriptor::wait_read);
    };
    context_->ev.delRead = [](void* p) { static_cast<Connection*>(p)->reading_ = false; };
    context_->ev.addWrite = [](void* p) {
      static_cast<Connection*>(p)->want(&Connection::writing_, Descriptor::wait_write);
    };
    context_->ev.delWrite = [](void* p) { static_cast<Connection*>(p)->writing_ = false; };
    context_->ev.cleanup = [](void* p) { static_cast<Connection*>(p)->cleanup(); };
  }
  redisAsyncContext* context() const { return context_; }

 private:
  void want(bool Connection::*flag, Descriptor::wait_type type) {
    if (this->*flag) return;
    this->*flag = true;
    arm(flag, type);
  }
  void arm(bool Connection::*flag, Descriptor::wait_type type) {
    bool& armed = type == Descriptor::wait_read ? read_armed_ : write_armed_;
    if (armed) return;
    armed = true;
    descriptor_.async_wait(type,
                           [self = shared_from_this(), flag, type](const boost::system::error_code& error) {
                             (type == Descriptor::wait_read ? self->read_armed_ : self->write_armed_) = false;
                             if (error || !self->context_ || !(*self.*flag)) return;
                             if (type == Descriptor::wait_read) {
                               redisAsyncHandleRead(self->context_);
                             } else {
                               redisAsyncHandleWrite(self->context_);
                             }
                             if (self->context_ && *self.*flag) self->arm(flag, type);
                           });
  }
  void cleanup() {
    reading_ = writing_ = false;
    context_ = nullptr;
    descriptor_.release();
    keep_.reset();
  }

  redisAsyncContext* context_;
  Descriptor descriptor_;
  bool reading_ = false, writing_ = false;
  bool read_armed_ = false, write_armed_ = false;
  std::shared_ptr<Connection> keep_;
};

}  // namespace

struct Client::Impl : std::enable_shared_from_this<Client::Impl> {
  Impl(asio::io_context& loop, Settings s) : io(loop), settings(std::move(s)), keys(settings.prefix) {}

  asio::io_context& io;
  Settings settings;
  KeyNames keys;
  redisAsyncContext* context = nullptr;
  bool ready = false;
  bool flush_posted = false;
  std::uint64_t life = 0;  // of the connection; callbacks of an earlier one are ignored
  std::function<void()> up;
  std::function<void(std::string)> down;
  std::string weakness;
  bool file_was_off = false;  // Redis had no append-only file at the last look

  struct Batch {
    std::vector<Reply> replies;
    std::function<void(std::vector<Reply>)> done;
    FileLook file;
    int looks = 0;
    std::chrono::steady_clock::time_point sent = std::chrono::steady_clock::now();
  };

  // What a pending command does with its answer; owned by hiredis until called.
  struct Pending {
    std::weak_ptr<Impl> impl;
    std::uint64_t life;
    std::function<void(const redisReply*)> done;
  };

  void send(const std::vector<std::string>& words, std::function<void(const redisReply*)> done) {
    std::vector<const char*> argv;
    std::vector<std::size_t> sizes;
    argv.reserve(words.size());
    sizes.reserve(words.size());
    for (const auto& w : words) argv.push_back(w.data()), sizes.push_back(w.size());
    auto* pending = new Pending{weak_from_this(), life, std::move(done)};
    const int rc = redisAsyncCommandArgv(
        context,
        [](redisAsyncContext*, void* reply, void* data) {
          std::unique_ptr<Pending> p(static_cast<Pending*>(data));
          auto impl = p->impl.lock();
          // A null reply means the connection ended: the disconnect callback tells.
          if (impl && reply && impl->life == p->life) p->done(static_cast<const redisReply*>(reply));
        },
        pending, static_cast<int>(words.size()), argv.data(), sizes.data());
    if (rc != REDIS_OK) delete pending;
  }

  // Pushes queued bytes out now instead of after the next round of the loop.
  void flush() {
    if (!context) return;
    if (!(context->c.flags & REDIS_IN_CALLBACK)) return redisAsyncHandleWrite(context);
    // A write that finds the connection broken frees the context, which the caller of the callback still
    // uses.
    if (flush_posted) return;
    flush_posted = true;
    asio::post(io, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      self->flush_posted = false;
      self->flush();
    });
  }

  void end() {
    down = nullptr;
    up = nullptr;
    ready = false;
    ++life;
    // From inside one of its own callbacks hiredis puts this off until that has returned.
    if (auto* dying = std::exchange(context, nullptr)) redisAsyncFree(dying);
  }

  void lost(const std::string& reason) {
    if (!down) return;
    auto tell = std::move(down);
    end();
    asio::post(io, [tell = std::move(tell), reason] { tell(reason); });
  }

  void open() {
    const auto& a = settings.address;
    context = a.unix_path.empty() ? redisAsyncConnect(a.host.c_str(), a.port)
                                  : redisAsyncConnectUnix(a.unix_path.c_str());
    if (!context || context->err) {
      const std::string reason = context ? context->errstr : "out of memory";
      if (context) redisAsyncFree(context);
      context = nullptr;
      return lost(reason);
    }
    // A host that vanished says nothing; without this nobody would ever know.
    if (a.unix_path.empty()) redisEnableKeepAlive(&context->c);
    struct Life {
      std::weak_ptr<Impl> impl;
      std::uint64_t life;
    };
    context->data = new Life{weak_from_this(), life};
    redisAsyncSetConnectCallback(context, [](const redisAsyncContext* c, int status) {
      auto* l = static_cast<Life*>(c->data);
      auto impl = l->impl.lock();
      const bool current = impl && impl->life == l->life;
      if (status == REDIS_OK) {
        if (current) impl->greet();
        return;
      }
      const std::string reason = c->errstr;  // hiredis frees the context after this callback
      delete l;
      if (current) {
        impl->context = nullptr;
        impl->lost(reason);
      }
    });
    redisAsyncSetDisconnectCallback(context, [](const redisAsyncContext* c, int) {
      auto* l = static_cast<Life*>(c->data);
      auto impl = l->impl.lock();
      const std::string reason = c->err ? c->errstr : "closed";
      if (impl && impl->life == l->life) {
        impl->context = nullptr;
        impl->lost(reason);
      }
      delete l;
    });
    std::make_shared<Connection>(io, context)->attach();
    context->ev.addWrite(context->ev.data);  // completes the connect
  }

  void greet() {
    if (!settings.address.password.empty())
      send({"AUTH", settings.address.password}, [this](const redisReply* r) {
        if (r->type == REDIS_REPLY_ERROR) lost("AUTH: " + std::string(r->str, r->len));
      });
    look_at_persistence([this] { greet_library(); });
  }

  void look_at_persistence(std::function<void()> then) {
    if (settings.durability == Durability::memory) return then();
    // Shared by the two answers; the second one goes on.
    const auto answers = std::make_shared<std::vector<RedisReply>>();
    for (const auto& words : persistence_questions())
      send(words, [this, answers, then](const redisReply* r) {
        answers->push_back(convert(r));
        if (answers->size() < persistence_questions().size()) return;
        const auto found = read_persistence(*answers);
        // What is read of such a Redis may never have been committed.
        if (!found.write_error.empty()) return lost(found.write_error);
        weakness = why_too_weak(found, settings.durability, file_was_off);
        file_was_off = !weakness.empty() && (!found.append_only || file_was_off);
        then();
      });
    flush();
  }

  void greet_library() {
    send({"FCALL", "headrace1_revision", "0"}, [this](const redisReply* revision) {
      if (revision->type == REDIS_REPLY_ERROR) {
        const std::string text(revision->str, revision->len);
        if (text.find("not found") == std::string::npos) return lost(text);
        return load();
      }
      if (revision->integer > library(false).revision) return finish();
      if (revision->integer < library(false).revision) return load();
      send({"FCALL", "headrace1_digest", "0"}, [this](const redisReply* digest) {
        if (digest->type == REDIS_REPLY_STRING &&
            std::string_view(digest->str, digest->len) == library(false).digest)
          return finish();
        load();
      });
    });
  }

  void load() {
    send({"FUNCTION", "LOAD", "REPLACE", library(false).text}, [this](const redisReply* r) {
      if (r->type == REDIS_REPLY_ERROR) return lost("FUNCTION LOAD: " + std::string(r->str, r->len));
      finish();
    });
  }

  void wait_for_replica(const std::shared_ptr<Batch>& batch) {
    send({"WAIT", "1", "2000"}, [this, batch](const redisReply* r) {
      if (r->type != REDIS_REPLY_INTEGER || r->integer < 1)
        return lost("no replica has confirmed within 2 s");
      batch->done(std::move(batch->replies));
    });
  }

  void look_at_file(const std::shared_ptr<Batch>& batch) {
    send(FileLook::question(), [this, batch](const redisReply* r) {
      switch (batch->file.look(convert(r))) {
        case FileLook::Found::failed:
          return lost(batch->file.why());
        case FileLook::Found::none:
          // It was there a moment ago: the next connection begins with saying so.
          if (weakness.empty()) return lost("Redis has no append-only file any more");
          [[fallthrough]];
        case FileLook::Found::written:
          return batch->done(std::move(batch->replies));
        case FileLook::Found::not_yet:
          return look_later(batch);
      }
    });
  }

  void look_later(const std::shared_ptr<Batch>& batch) {
    if (std::chrono::steady_clock::now() - batch->sent > kFileLimit)
      return lost("Redis has not written its append-only file for " + std::to_string(kFileLimit.count()) +
                  " s");
    if (++batch->looks <= kLooksWithoutPause) {
      look_at_file(batch);
      return flush();
    }
    auto timer = std::make_shared<asio::steady_timer>(io, kLookPause);  // lives as long as its wait
    timer->async_wait([weak = weak_from_this(), of = life, timer, batch](const boost::system::error_code& e) {
      const auto self = weak.lock();
      if (e || !self || self->life != of || !self->context) return;
      self->look_at_file(batch);
      self->flush();
    });
  }

  void finish() {
    ready = true;
    auto tell = std::move(up);
    up = nullptr;
    if (tell) tell();
  }
};

Client::Client(asio::io_context& io, Settings settings)
    : impl_(std::make_shared<Impl>(io, std::move(settings))) {}

Client::~Client() { impl_->end(); }

void Client::disconnect() { impl_->end(); }

void Client::connect(std::function<void()> up, std::function<void(std::string)> down) {
  impl_->end();
  impl_->up = std::move(up);
  impl_->down = std::move(down);
  impl_->open();
}

bool Client::connected() const { return impl_->ready; }
const std::string& Client::weakness() const { return impl_->weakness; }
const KeyNames& Client::keys() const { return impl_->keys; }

void Client::look_again(std::function<void()> done) {
  if (impl_->ready) impl_->look_at_persistence(std::move(done));
}

void Client::run(Round round) {
  if (!impl_->ready) return;
  // An empty round leads on at once.
  while (round.commands.empty()) {
    auto next = round.next({});
    if (!next) return;
    round = std::move(*next);
  }
  struct Pipeline {
    Round round;
    std::vector<RedisReply> answers;
  };
  // Shared by the callbacks of its commands; the last one goes on.
  const auto pipeline = std::make_shared<Pipeline>();
  pipeline->round = std::move(round);
  const auto size = pipeline->round.commands.size();
  for (const auto& words : pipeline->round.commands)
    impl_->send(words, [this, pipeline, size](const redisReply* r) {
      pipeline->answers.push_back(convert(r));
      if (pipeline->answers.size() < size) return;
      if (auto next = take_answers(pipeline->round, std::move(pipeline->answers))) run(std::move(*next));
    });
}

void Client::commit(std::vector<Call> calls, std::function<void(std::vector<Reply>)> done) {
  if (!impl_->ready) return;
  // Shared by the answers of its calls, and by what makes sure of them.
  auto batch = std::make_shared<Impl::Batch>();
  batch->done = std::move(done);
  batch->replies.reserve(calls.size());
  auto* impl = impl_.get();
  const auto durability = impl->settings.durability;
  const bool answered_is_committed = durability == Durability::memory || durability == Durability::machine;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const bool last = i + 1 == calls.size() && answered_is_committed;
    impl->send(fcall_words(calls[i], impl->settings.prefix), [impl, batch, last](const redisReply* r) {
      std::string reason;
      auto reply = convert_call(r, reason);
      if (!reply) return impl->lost(reason);
      batch->replies.push_back(std::move(*reply));
      if (last) batch->done(std::move(batch->replies));
    });
  }
  if (durability == Durability::replica) impl->wait_for_replica(batch);
  impl->flush();
  if (durability != Durability::process) return;
  // The look goes out by itself: when Redis reads it in its next round, it has written the file in between.
  impl->look_at_file(batch);
  impl->flush();
}

}  // namespace headrace::store
