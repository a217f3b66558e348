// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/load.hpp"

#include "log/log.hpp"
#include "wire/codec.hpp"

namespace headrace::dispatcher {
namespace {

struct Loading {
  events::Cursor cursor;
  std::vector<LoadedRequest> open;
  std::map<std::int64_t, std::shared_ptr<const wire::Buildset>> buildsets;
  std::map<std::string, std::string> sessions;  ///< current one of each worker
};
using State = std::shared_ptr<Loading>;

void read_buildset(const store::Keys& keys, const Read& read, const State& state, std::size_t place,
                   std::int64_t bsid) {
  if (const auto known = state->buildsets.find(bsid); known != state->buildsets.end()) {
    state->open[place].request.buildset = known->second;
    return;
  }
  read({"HMGET", keys("buildset:" + std::to_string(bsid)), "body", "at"},
       [state, place, bsid](store::RedisReply b) {
         auto set = wire::decode<wire::Buildset>(b.items.size() == 2 ? b.items[0].text : "");
         if (!set) {
           spdlog::error("buildset cannot be read buildset={} reason={}", bsid, set.error().text);
           set.emplace();
         }
         set->id.value = bsid;
         auto& shared = state->buildsets[bsid];
         if (!shared) shared = std::make_shared<const wire::Buildset>(std::move(*set));
         state->open[place].request.buildset = shared;
       });
}

void read_request(const store::Keys& keys, const Read& read, const State& state, const std::string& id) {
  read({"HMGET", keys("request:" + id), "state", "builder", "priority", "at", "bsid", "worker", "session"},
       [keys, read, state, id](store::RedisReply r) {
         if (r.items.size() != 7 || r.items[0].text.empty()) return;
         LoadedRequest loaded;
         loaded.state = r.items[0].text;
         loaded.request.id.value = std::stoll(id);
         loaded.request.builder = r.items[1].text;
         loaded.request.priority = std::stoll(r.items[2].text);
         loaded.request.submitted_ms = std::stoll(r.items[3].text);
         const auto bsid = std::stoll(r.items[4].text);
         loaded.orphan = loaded.state != "pending" && state->sessions[r.items[5].text] != r.items[6].text;
         const auto place = state->open.size();
         state->open.push_back(std::move(loaded));
         read_buildset(keys, read, state, place, bsid);
       });
}

}  // namespace

void read_open_requests(const store::Keys& keys, Read read,
                        std::function<void(events::Cursor, std::vector<LoadedRequest>)> done) {
  auto state = std::make_shared<Loading>();
  read({"HMGET", keys("head"), "n", "tag"}, [state](store::RedisReply r) {
    if (r.items.size() == 2 && !r.items[0].text.empty())
      state->cursor = {EventNumber{std::stoll(r.items[0].text)}, r.items[1].text};
  });
  read({"SMEMBERS", keys("workers")}, [keys, read, state](store::RedisReply r) {
    for (const auto& worker : r.items)
      read({"HGET", keys("worker:" + worker.text), "session"},
           [state, name = worker.text](store::RedisReply s) { state->sessions[name] = s.text; });
  });
  read({"ZRANGE", keys("open"), "0", "-1"},
       [keys, read, state, done = std::move(done)](store::RedisReply ids) {
         for (const auto& item : ids.items) read_request(keys, read, state, item.text);
         // Answers come in the order of asking: two rounds later everything above is in.
         read({"PING"}, [read, state, done](store::RedisReply) {
           read({"PING"}, [state, done](store::RedisReply) { done(state->cursor, std::move(state->open)); });
         });
       });
}

}  // namespace headrace::dispatcher
