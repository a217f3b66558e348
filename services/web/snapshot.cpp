// SPDX-License-Identifier: Apache-2.0
#include "web/snapshot.hpp"

#include "log/log.hpp"
#include "wire/codec.hpp"
#include "wire/records.hpp"

namespace headrace::web {
namespace {

constexpr std::int64_t kAtOnce = 300;  // ids a round

std::int64_t number(const std::string& text) { return text.empty() ? 0 : std::atoll(text.c_str()); }

wire::Event event(std::string topic, std::int64_t at_ms, std::map<std::string, std::int64_t, std::less<>> ids,
                  std::string body) {
  wire::Event e;
  e.topic = std::move(topic);
  e.at_ms = at_ms;
  e.ids = std::move(ids);
  e.body = std::move(body);
  return e;
}

// One snapshot under way: a kind of thing after the other, each in rounds of ids.
class Reading : public std::enable_shared_from_this<Reading> {
 public:
  Reading(service::ServiceRunner& host, SnapshotSink sink, std::function<void(events::Cursor)> done)
      : host_(host), sink_(std::move(sink)), done_(std::move(done)) {}

  void start() {
    command({"HMGET", key("head"), "n", "tag"}, [this](const store::RedisReply& r) {
      cursor_ = {EventNumber{number(r.items.at(0).text)}, r.items.at(1).text};
    });
    command({"HMGET", key("ids"), "change", "buildset", "build", "request"},
            [this](const store::RedisReply& r) {
              for (const auto& item : r.items) last_.push_back(number(item.text));
              round();
            });
  }

 private:
  using Use = std::function<void(const store::RedisReply&)>;

  std::string key(const std::string& name) const { return host_.store().keys()(name); }
  void command(std::vector<std::string> words, Use use) {
    host_.command(std::move(words),
                  [self = shared_from_this(), use = std::move(use)](store::RedisReply r) { use(r); });
  }

  // Reads the next ids of the kind at hand.
  void round() {
    if (kind_ == last_.size()) return workers();
    const std::int64_t from = next_, to = std::min(from + kAtOnce - 1, last_[kind_]);
    if (from > to) {
      ++kind_;
      next_ = 1;
      return round();
    }
    next_ = to + 1;
    void (Reading::*const readers[])(std::int64_t, std::int64_t) = {&Reading::changes, &Reading::buildsets,
                                                                    &Reading::builds, &Reading::requests};
    const auto read =
        readers[kind_];  // apart from the call: g++ 12's bounds check reads the index wrongly in it
    (this->*read)(from, to);
  }

  void give() {
    sink_(std::exchange(part_, {}), [self = shared_from_this()] { self->round(); });
  }

  std::vector<std::string> names(const char* verb, const std::string& hash, std::int64_t from,
                                 std::int64_t to) const {
    std::vector<std::string> words{verb, key(hash)};
    for (std::int64_t id = from; id <= to; ++id) words.push_back(std::to_string(id));
    return words;
  }

  void changes(std::int64_t from, std::int64_t to) {
    command(names("HMGET", "changes", from, to), [this, from](const store::RedisReply& r) {
      for (std::size_t i = 0; i < r.items.size(); ++i)
        if (!r.items[i].text.empty()) {
          const auto change = wire::decode<wire::Change>(r.items[i].text);
          part_.push_back(event("change.new", change ? change->when_ms : 0,
                                {{"changeid", from + static_cast<std::int64_t>(i)}}, r.items[i].text));
        }
      give();
    });
  }

  void buildsets(std::int64_t from, std::int64_t to) {
    for (std::int64_t id = from; id <= to; ++id)
      command({"HMGET", key("buildset:" + std::to_string(id)), "body", "at", "first", "complete", "results"},
              [this, id, to](const store::RedisReply& r) {
                if (r.items.size() == 5 && !r.items[0].text.empty()) {
                  part_.push_back(event("buildset.new", number(r.items[1].text),
                                        {{"bsid", id}, {"first_request", number(r.items[2].text)}},
                                        r.items[0].text));
                  if (!r.items[3].text.empty())
                    part_.push_back(event("buildset.complete", number(r.items[3].text),
                                          {{"bsid", id}, {"results", number(r.items[4].text)}}, ""));
                }
                if (id == to) give();
              });
  }

  void builds(std::int64_t from, std::int64_t to) {
    command(names("HMGET", "builds", from, to), [this, from, to](const store::RedisReply& r) {
      std::vector<std::int64_t> others;
      for (std::size_t i = 0; i < r.items.size(); ++i) {
        const std::int64_t id = from + static_cast<std::int64_t>(i);
        if (r.items[i].text.empty())
          others.push_back(id);
        else
          finished(id, r.items[i].text);
      }
      if (others.empty() || to < from) return give();
      for (const std::int64_t id : others)
        command({"HGETALL", key("build:" + std::to_string(id))},
                [this, id, last = others.back()](const store::RedisReply& b) {
                  running(id, b);
                  if (id == last) give();
                });
    });
  }

  // [number, request, attempt, started, ended, results, body]
  void finished(std::int64_t id, const std::string& blob) {
    const auto value = wire::decode_value(blob);
    const bool fits =
        value && value->is_array() && value->as_array().size() == 7 && value->as_array()[6].is_string();
    if (!fits) return spdlog::error("build of the snapshot cannot be read build={}", id);
    const auto& v = value->as_array();
    part_.push_back(event("build.finished", v[4].int_or(0),
                          {{"buildid", id},
                           {"number", v[0].int_or(0)},
                           {"request", v[1].int_or(0)},
                           {"attempt", v[2].int_or(0)},
                           {"started", v[3].int_or(0)},
                           {"results", v[5].int_or(0)}},
                          v[6].as_string()));
  }

  void running(std::int64_t id, const store::RedisReply& hash) {
    std::map<std::string, std::string> fields;
    for (std::size_t i = 0; i + 1 < hash.items.size(); i += 2)
      fields[hash.items[i].text] = hash.items[i + 1].text;
    if (fields["body"].empty()) return;  // never was, or just ended: then an event brings it
    const std::int64_t at = number(fields["at"]);
    part_.push_back(event("build.new." + fields["builder"], at,
                          {{"buildid", id},
                           {"number", number(fields["number"])},
                           {"request", number(fields["request"])},
                           {"attempt", number(fields["attempt"])}},
                          fields["body"]));
    for (const auto& [name, body] : fields)
      if (name.starts_with("step:"))
        part_.push_back(event("step.started", at, {{"buildid", id}, {"step", number(name.substr(5))}}, body));
    if (!fields["properties"].empty())
      part_.push_back(event("build.properties", at, {{"buildid", id}}, fields["properties"]));
  }

  void requests(std::int64_t from, std::int64_t to) {
    for (std::int64_t id = from; id <= to; ++id)
      command(
          {"HMGET", key("request:" + std::to_string(id)), "state", "results", "complete"},
          [this, id, to](const store::RedisReply& r) {
            if (r.items.size() == 3 && r.items[0].text == "complete")
              part_.push_back(event("request.complete", number(r.items[2].text),
                                    {{"request", id}, {"results", number(r.items[1].text)}}, ""));
            else if (r.items.size() == 3 && (r.items[0].text == "pending" || r.items[0].text == "offered"))
              part_.push_back(event("request.pending", 0, {{"request", id}}, ""));
            if (id == to) give();
          });
  }

  void workers() {
    command({"SMEMBERS", key("workers")}, [this](const store::RedisReply& all) {
      if (all.items.empty()) return done_(cursor_);
      for (const auto& item : all.items)
        command({"HMGET", key("worker:" + item.text), "session", "connected", "info"}, [this,
                                                                                        name = item.text,
                                                                                        last =
                                                                                            all.items.back()
                                                                                                .text](
                                                                                           const store::
                                                                                               RedisReply&
                                                                                                   r) {
          const std::int64_t session = number(r.items.at(0).text);
          if (!r.items.at(2).text.empty())
            part_.push_back(event("worker.connected." + name, 0, {{"session", session}}, r.items.at(2).text));
          if (r.items.at(1).text != "1")
            part_.push_back(event("worker.disconnected." + name, 0, {{"session", session}}, ""));
          if (name == last)
            sink_(std::exchange(part_, {}), [self = shared_from_this()] { self->done_(self->cursor_); });
        });
    });
  }

  service::ServiceRunner& host_;
  SnapshotSink sink_;
  std::function<void(events::Cursor)> done_;
  events::Cursor cursor_;
  std::vector<std::int64_t> last_;  ///< highest id of changes, buildsets, builds, requests
  std::size_t kind_ = 0;
  std::int64_t next_ = 1;
  std::vector<wire::Event> part_;
};

}  // namespace

void read_snapshot(service::ServiceRunner& host, SnapshotSink sink,
                   std::function<void(events::Cursor)> done) {
  std::make_shared<Reading>(host, std::move(sink), std::move(done))->start();
}

}  // namespace headrace::web
