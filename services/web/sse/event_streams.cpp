// SPDX-License-Identifier: Apache-2.0
#include "web/sse/event_streams.hpp"

#include <algorithm>
#include <charconv>
#include <random>

#include "json/value.hpp"
#include "limits/limits.hpp"
#include "log/log.hpp"

namespace headrace::web {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    const auto at = path.find('/');
    out.emplace_back(path.substr(0, at));
    path = at == std::string_view::npos ? std::string_view() : path.substr(at + 1);
  }
  return out;
}

bool matches(const std::vector<std::string>& pattern, std::string_view key) {
  for (const auto& segment : pattern) {
    if (key.empty()) return false;
    const auto at = key.find('/');
    if (segment != "*" && segment != key.substr(0, at)) return false;
    key = at == std::string_view::npos ? std::string_view() : key.substr(at + 1);
  }
  return key.empty();
}

// A random version 4 UUID.
std::string new_uuid() {
  static std::random_device random;
  std::string out;
  for (int i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) out += '-';
    unsigned digit = random() % 16;
    if (i == 12) digit = 4;
    if (i == 16) digit = 8 + digit % 4;
    out += "0123456789abcdef"[digit];
  }
  return out;
}

std::string key_text(const std::string& key) {
  const auto segments = split(key);
  return json::write(json::Array(segments.begin(), segments.end()));
}

// The text of events for one listener. Only the last notification of an event carries the event's number as
// its id: a client that loses the connection in between asks for all notifications of that event again.
class Writer {
 public:
  void add(EventNumber number, const std::string& key, const std::string& message) {
    if (number != number_)
      close();
    else if (open_)
      text_ += "\n";
    number_ = number;
    open_ = true;
    text_ += "event: event\ndata: {\"key\":" + key_text(key) + ",\"message\":" + message + "}\n";
  }
  std::size_t size() const { return text_.size(); }
  std::string take() {
    close();
    return std::move(text_);
  }

 private:
  void close() {
    if (!open_) return;
    if (number_) text_ += "id: " + std::to_string(number_.value) + "\n";
    text_ += "\n";
    open_ = false;
  }
  std::string text_;
  EventNumber number_;
  bool open_ = false;
};

// @return false when one of them is too large, or all are: the listener has to read the state anew
template <class Notifications>
bool write_matching(const std::vector<std::vector<std::string>>& paths, const Notifications& all,
                    EventNumber after, Writer& writer) {
  for (const auto& n : all) {
    if (n.number && n.number <= after) continue;
    for (const auto& key : n.paths) {
      if (std::none_of(paths.begin(), paths.end(), [&](const auto& p) { return matches(p, key); })) continue;
      if (n.message->size() > limits::kLiveMessage || writer.size() > EventStreams::kMaxUnsent) return false;
      writer.add(n.number, key, *n.message);
    }
  }
  return true;
}

std::size_t bytes_of(const Notification& n) {
  std::size_t out = sizeof n + n.message->size();
  for (const auto& path : n.paths) out += sizeof path + path.size();
  return out;
}

// A path below the bounds, in its segments.
Result<std::vector<std::string>> read_path(std::string_view path) {
  if (path.size() <= limits::kPathBytes) return split(path);
  return fail("a path has at most " + std::to_string(limits::kPathBytes) + " bytes");
}

constexpr const char* kTooManyPaths = "too many paths for one listener";

std::string ping_text(const Cursor& cursor) {
  return "event: ping\nid: " + std::to_string(cursor.number.value) + "\ndata: {}\n\n";
}

http::Response text(int status, const std::string& body) {
  http::Response r;
  r.status = status;
  r.body = body + "\n";
  return r;
}

}  // namespace

void EventStreams::handle(const http::Request& request, http::ResponderPtr responder) {
  if (request.method != "GET" && request.method != "HEAD")
    return responder->send(text(400, "invalid HTTP method"));
  const std::string_view path = std::string_view(request.path).substr(5);
  if (path == "listen" || path.starts_with("listen/"))
    return listen(request, path.substr(std::min<std::size_t>(path.size(), 7)), std::move(responder));
  for (const bool add : {true, false}) {
    const std::string_view verb = add ? "add/" : "remove/";
    if (!path.starts_with(verb)) continue;
    return responder->send(change(path.substr(verb.size()), add));
  }
  responder->send(text(404, "listen/<path>, add/<uuid>/<path> and remove/<uuid>/<path> are known"));
}

void EventStreams::listen(const http::Request& request, std::string_view path, http::ResponderPtr responder) {
  std::vector<Path> paths;
  // One stream may name more paths at once, so that none of their events falls between two requests.
  std::vector<std::string_view> named;
  if (!path.empty()) named.push_back(path);
  for (const auto& [name, value] : request.query)
    if (name == "path") named.push_back(value);
  if (named.size() > limits::kListenerPaths) return responder->send(text(400, kTooManyPaths));
  for (const auto one : named) {
    auto read = read_path(one);
    if (!read) return responder->send(text(400, read.error().text));
    if (std::find(paths.begin(), paths.end(), *read) == paths.end()) paths.push_back(std::move(*read));
  }
  http::Response head;
  head.content_type = "text/event-stream; charset=utf-8";
  head.headers = {{"Cache-Control", "no-cache"},
                  {"X-Accel-Buffering", "no"}};  // proxies must not hold it back
  auto stream = responder->stream(std::move(head));
  if (stream->closed()) return;
  heard_ = true;
  const std::string uuid = new_uuid();
  Listener& listener = listeners_[uuid];
  listener.stream = std::move(stream);
  listener.stream->on_closed(life_.guard([this, uuid] { listeners_.erase(uuid); }));
  listener.paths = std::move(paths);
  make_room();
  if (listeners_.count(uuid) == 0) return;

  std::string last_id(request.header("Last-Event-ID"));
  if (last_id.empty()) last_id = request.param("last_event_id").value_or("");
  std::string hello = "event: handshake\ndata: " + uuid + "\n";
  // A client that resumes gets no id here: a connection that breaks during the replay must not skip the rest.
  if (last_id.empty()) hello += "id: " + std::to_string(cursor_.number.value) + "\n";
  hello += "\n";
  if (!last_id.empty()) hello += catch_up(listener, last_id);
  send(uuid, std::move(hello));
}

std::string EventStreams::catch_up(const Listener& listener, std::string_view last_id) const {
  std::int64_t after = -1;
  std::from_chars(last_id.data(), last_id.data() + last_id.size(), after);
  Writer writer;
  if (after < floor_.value || after > cursor_.number.value ||
      !write_matching(listener.paths, ring_, {after}, writer))
    return reset_text();
  return writer.take();
}

std::string EventStreams::reset_text() const {
  const std::string number = std::to_string(cursor_.number.value);
  return "event: reset\nid: " + number + "\ndata: {\"after\":" + number + "}\n\n";
}

// Every event is compared with every path: the listener with the most of them ends when there are too many.
void EventStreams::make_room() {
  std::size_t all = 0;
  for (const auto& [uuid, listener] : listeners_) all += listener.paths.size();
  while (all > limits::kAllPaths) {
    const auto most = std::max_element(
        listeners_.begin(), listeners_.end(),
        [](const auto& x, const auto& y) { return x.second.paths.size() < y.second.paths.size(); });
    all -= most->second.paths.size();
    spdlog::warn("live listener is closed, there are too many paths listener={} paths={}", most->first,
                 most->second.paths.size());
    listeners_.erase(most);
  }
}

http::Response EventStreams::change(std::string_view rest, bool add) {
  const auto at = rest.find('/');
  const auto it = listeners_.find(std::string(rest.substr(0, at)));
  if (it == listeners_.end()) return text(404, "unknown uuid");
  const auto path = read_path(at == std::string_view::npos ? std::string_view() : rest.substr(at + 1));
  if (!path) return text(400, path.error().text);
  auto& paths = it->second.paths;
  const auto known = std::find(paths.begin(), paths.end(), *path);
  if (add && known == paths.end()) {
    if (paths.size() >= limits::kListenerPaths) return text(400, kTooManyPaths);
    paths.push_back(*path);
    make_room();
  }
  if (!add && known != paths.end()) paths.erase(known);
  return text(200, "ok");
}

void EventStreams::send(const std::string& uuid, std::string bytes) {
  const auto it = listeners_.find(uuid);
  if (bytes.empty() || it == listeners_.end()) return;
  if (it->second.stream->write(std::move(bytes)) <= kMaxUnsent) return;
  // The browser connects again by itself and resumes, or reads the state anew.
  spdlog::info("live listener is too slow and is closed listener={}", uuid);
  listeners_.erase(it);
}

bool EventStreams::wants_notifications(MonoTime now) const {
  return !listeners_.empty() || heard_ || (last_heard_ != MonoTime{} && now - last_heard_ < kAbsence);
}

void EventStreams::publish(const Applied& applied, bool complete) {
  // A client that began to listen while a batch without notifications was under way may have read the state
  // from before the batch.
  if (!complete) return restart(applied.cursor);
  cursor_ = applied.cursor;
  std::vector<std::string> all;  // sending may close a listener: not while iterating
  for (const auto& [uuid, listener] : listeners_) all.push_back(uuid);
  for (const auto& uuid : all) {
    Writer writer;
    const bool whole = write_matching(listeners_.at(uuid).paths, applied.notifications, {}, writer);
    send(uuid, whole ? writer.take() : reset_text());
  }
  for (const auto& n : applied.notifications) {
    if (!n.number) continue;
    ring_.push_back(n);
    ring_bytes_ += bytes_of(n);
  }
  while (ring_.size() > kRing || ring_bytes_ > limits::kLiveRing) {
    floor_ = ring_.front().number;
    ring_bytes_ -= bytes_of(ring_.front());
    ring_.pop_front();
  }
}

void EventStreams::restart(const Cursor& cursor) {
  cursor_ = cursor;
  floor_ = cursor.number;
  ring_.clear();
  ring_bytes_ = 0;
  const std::string text = "event: reset\nid: " + std::to_string(cursor.number.value) + "\ndata: {}\n\n";
  std::vector<std::string> all;
  for (const auto& [uuid, listener] : listeners_) all.push_back(uuid);
  for (const auto& uuid : all) send(uuid, text);
}

void EventStreams::tick(MonoTime now) {
  if (!listeners_.empty() || std::exchange(heard_, false)) last_heard_ = now;
  if (now - last_ping_ < kPing) return;
  last_ping_ = now;
  std::vector<std::string> all;
  for (const auto& [uuid, listener] : listeners_) all.push_back(uuid);
  for (const auto& uuid : all) send(uuid, ping_text(cursor_));
}

}  // namespace headrace::web
