// SPDX-License-Identifier: Apache-2.0
#include "simulation/process.hpp"

namespace headrace::simulation {
namespace {
constexpr std::size_t kFetch = 500;  // events read at once
}

Process::Process(Environment& environment, std::string name)
    : env_(environment),
      name_(std::move(name)),
      line_(
          environment, [this] { lose_redis(); }, [this] { crash(); }) {}

void Process::in_this_life(MonoTime when, std::function<void()> what) {
  env_.timeline.at(when, [this, life = life_, what = std::move(what)] {
    if (life == life_) what();
  });
}

void Process::start() {
  alive_ = true;
  ++birth_;
  instance_ = name_ + "-" + env_.dice.hex(8);
  connect();
  env_.timeline.after(env_.dice.wait(0, 1000), [this, birth = birth_] {
    if (birth == birth_) tick();
  });
}

void Process::crash() {
  if (!alive_) return;
  env_.trace(name_ + " crashes");
  ++env_.crashes;
  alive_ = false;
  ++birth_;
  line_.cut();
  throw_away();
  on_crash();
  env_.timeline.after(env_.dice.wait(100, 5000), [this, birth = birth_] {
    if (birth == birth_ && !alive_) start();
  });
}

// ---- the connection ----

void Process::connect() {
  env_.timeline.after(env_.dice.wait(1, 50), [this, birth = birth_] {
    if (birth != birth_ || line_.is_open()) return;
    if (env_.redis_down) return connect();
    line_.open();
    load();
  });
}

void Process::throw_away() {
  ++life_;
  const bool was = loaded_;
  loaded_ = in_flight_ = false;
  reader_.reset();
  look_at_.reset();
  pending_.clear();
  if (was) unload();
}

void Process::lose_redis() {
  if (!alive_) return;
  env_.trace(name_ + " loses redis");
  line_.cut();
  throw_away();
  connect();
}

void Process::reload_state(const std::string& reason) {
  if (!line_.is_open()) return;
  env_.trace(name_ + " reloads: " + reason);
  throw_away();
  in_this_life(env_.timeline.now(), [this] {
    if (line_.is_open()) load();
  });
}

void Process::loaded(events::Cursor cursor) {
  loaded_ = true;
  reader_.emplace(std::move(cursor), env_.timeline.now() - events::Reader::kSilence);
  any_event_ = true;
  in_this_life(env_.timeline.now(), [this] {
    drained();
    look();
  });
}

// ---- events ----

void Process::hear(wire::Event event) {
  if (!reader_ || !loaded_) return;
  const auto now_life = life_;
  give(reader_->on_event(std::move(event), env_.timeline.now()));
  if (now_life != life_) return;
  in_this_life(env_.timeline.now(), [this] { drained(); });
  plan_look();
}

void Process::give(std::vector<wire::Event> events) {
  const auto now_life = life_;
  for (const auto& event : events) {
    any_event_ = true;
    on_event(event);
    if (life_ != now_life) return;
  }
  if (reader_ && reader_->broken()) reload_state("the event log went back");
}

void Process::drained() {
  if (!any_event_ || !loaded_) return;
  any_event_ = false;
  on_events_drained();
}

void Process::plan_look() {
  if (!reader_ || look_at_ == reader_->next_look()) return;
  look_at_ = reader_->next_look();
  in_this_life(*look_at_, [this, at = *look_at_] {
    if (look_at_ == at) look();  // else planned anew
  });
}

void Process::look() {
  if (!reader_ || !loaded_) return;
  if (!reader_->wants_fetch(env_.timeline.now())) return plan_look();
  fetch();
}

void Process::fetch() {
  const auto from = std::to_string(reader_->cursor().number.value + 1) + "-0";
  read_words({"XRANGE", env_.store.keys()("events"), from, "+", "COUNT", std::to_string(kFetch)},
             [this](store::RedisReply r) {
               if (!reader_) return;
               std::vector<wire::Event> list;
               for (const auto& entry : r.items) {
                 const auto& f = entry.items.at(1).items;
                 list.push_back(wire::decode_event(f.at(1).text, f.at(3).text).value());
               }
               const auto now_life = life_;
               give(reader_->on_fetched(std::move(list), env_.timeline.now()));
               if (life_ != now_life) return;
               drained();
               if (life_ != now_life || !reader_) return;
               if (r.items.size() == kFetch && reader_->fetch_again()) return fetch();
               plan_look();
             });
}

// ---- calls ----

void Process::read_words(std::vector<std::string> words, std::function<void(store::RedisReply)> done) {
  line_.read(std::move(words), [this, life = life_, done = std::move(done)](store::RedisReply r) {
    if (life == life_) done(std::move(r));
  });
}

void Process::commit_call(store::Call call, std::function<void(store::Reply)> done) {
  if (!line_.is_open()) return;
  pending_.push_back({std::move(call), std::move(done)});
  if (!in_flight_) in_this_life(env_.timeline.now(), [this] { flush(); });
}

void Process::flush() {
  if (pending_.empty() || in_flight_ || !line_.is_open()) return;
  in_flight_ = true;
  auto batch = std::make_shared<std::vector<Item>>(std::exchange(pending_, {}));
  std::vector<store::Call> calls;
  for (auto& item : *batch) calls.push_back(item.call);
  line_.commit(std::move(calls), [this, batch, life = life_](std::vector<store::Reply> replies) {
    if (life == life_) on_committed(*batch, std::move(replies));
  });
}

void Process::on_committed(std::vector<Item>& batch, std::vector<store::Reply> replies) {
  const auto now_life = life_;
  in_flight_ = false;
  for (const auto& reply : replies) env_.publish(reply.events);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    auto events = std::move(replies[i].events);
    if (batch[i].done) batch[i].done(std::move(replies[i]));
    if (life_ != now_life) return;
    for (auto& event : events) {
      hear(std::move(event));
      if (life_ != now_life) return;
    }
  }
  drained();
  if (life_ == now_life) flush();
}

void Process::tick() {
  env_.timeline.after(milliseconds(1000), [this, birth = birth_] {
    if (birth == birth_) tick();
  });
  if (!line_.is_open() || !loaded_) return;
  commit_call({"tick", {"roles"}}, {});
  on_tick();
}

}  // namespace headrace::simulation
