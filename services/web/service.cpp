// SPDX-License-Identifier: Apache-2.0
#include "web/service.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "json/value.hpp"
#include "log/log.hpp"
#include "store/state/events.hpp"
#include "store/state/site.hpp"
#include "web/history/history.hpp"
#include "web/snapshot.hpp"
#include "wire/codec.hpp"
#include "wire/events.hpp"

namespace headrace::web {
namespace {

constexpr std::size_t kBatch = 2000;  // events a transaction
constexpr milliseconds kRetryLogs{500};
constexpr seconds kSlow{30};  // a batch under way for longer: not healthy
constexpr seconds kOpenAgain{2};
constexpr std::size_t kMaxPending = 20'000;  // events that wait for a history without room

}  // namespace

void WebService::start() {
  auto& runner = *runner_;
  const std::string& data = runner.settings().data;
  if (data.empty())
    throw std::runtime_error("headrace-web needs --data (HEADRACE_DATA), the directory of history and logs");
  config_ = std::make_unique<service::LiveConfig>(runner);
  log_store_ = std::make_unique<store::Client>(runner.io(), runner.settings().store);
  running_logs_ = std::make_unique<RedisLogSource>(*log_store_);
  retry_logs_ = std::make_unique<boost::asio::steady_timer>(runner.io());
  clock_ = std::make_unique<boost::asio::steady_timer>(runner.io());
  open_app();
  server_ = std::make_unique<http::Server>(
      runner.io(), settings_.listen,
      [this](http::Request q, http::ResponderPtr r) { handle(std::move(q), std::move(r)); });
  spdlog::info("listening address={} history_event={}", server_->address(),
               app_ ? app_->cursor().number.value : 0);
  runner.metrics().counter("headrace_web_requests_total", "requests answered");
  runner.metrics().gauge("headrace_web_event_number", "newest event in the history",
                         [this] { return app_ ? static_cast<double>(app_->cursor().number.value) : 0.0; });
  runner.metrics().gauge("headrace_web_events_waiting", "events that are not in the history yet",
                         [this] { return static_cast<double>(pending_.size()); });
  runner.metrics().gauge("headrace_web_listeners", "browsers that listen to live events",
                         [this] { return app_ ? static_cast<double>(app_->listeners()) : 0.0; });
  connect_logs();
  beat();
}

// A history whose file system is full is opened when there is room. Anything else that is wrong with it is
// thrown.
void WebService::open_app() {
  const std::string& data = runner_->settings().data;
  try {
    app_ = std::make_unique<WebApp>(
        runner_->io(),
        WebAppSettings{settings_.history.empty() ? data + "/web/history.sqlite" : settings_.history,
                       data + "/logs"},
        running_logs_.get(), [this](EventNumber after, std::size_t limit, auto answer) {
          if (!runner_->store().connected()) return answer(fail("Redis cannot be reached"));
          runner_->try_read(store::events_after(after, limit), std::move(answer));
        });
  } catch (const std::runtime_error& e) {
    if (!lacks_room(e)) throw;
    if (open_problem_.empty()) spdlog::error("the history cannot be opened reason=\"{}\"", e.what());
    open_problem_ = e.what();
    open_again_ = mono_now() + kOpenAgain;
    return;
  }
  open_problem_.clear();
  if (std::exchange(load_waits_, false)) load();
}

void WebService::handle(http::Request request, http::ResponderPtr responder) {
  if (request.path == "/healthz" || request.path == "/metrics")
    return responder->send(runner_->answer_status(request));
  runner_->metrics().count("headrace_web_requests_total");
  if (!app_) {
    http::Response unavailable;
    unavailable.status = 503;
    unavailable.body = json::write(json::Object{{"error", "the history cannot be opened: " + open_problem_}});
    return responder->send(std::move(unavailable));
  }
  app_->handle(std::move(request), std::move(responder));
}

void WebService::connect_logs() {
  log_store_->connect([] {},
                      [this](const std::string&) {
                        retry_logs_->expires_after(kRetryLogs);
                        retry_logs_->async_wait([this](const boost::system::error_code& e) {
                          if (!e) connect_logs();
                        });
                      });
}

// A timer of its own, because listeners get pings also while Redis is away, when the runner does not tick.
void WebService::beat() {
  if (!app_ && mono_now() >= open_again_) open_app();
  if (app_) app_->tick();
  clock_->expires_after(seconds(1));
  clock_->async_wait([this](const boost::system::error_code& e) {
    if (!e) beat();
  });
}

std::string WebService::unhealthy() const {
  if (!app_) return "the history cannot be opened: " + open_problem_;
  if (const auto problem = app_->history_problem(); !problem.empty())
    return "the history cannot be written: " + problem;
  if (busy_since_ && mono_now() - *busy_since_ > kSlow) return "the history does not keep up";
  return "";
}

void WebService::unload() {
  generation_.renew();
  load_waits_ = false;
  busy_since_.reset();
  pending_.clear();
  growths_.clear();
}

void WebService::load() {
  unload();  // an interrupted load may have left something
  if (!app_) {
    load_waits_ = true;
    return;
  }
  names_changed_ = false;
  // set_names({}) waits for the batch under way. The names of this Redis are read only after the cursor was
  // checked: the history may be of another Redis, with other ids.
  app_->set_names({}, generation_.guard([this] {
    if (broken_)
      begin_anew();
    else
      check_cursor();
  }));
}

void WebService::read_names(std::function<void(Names)> done) { read_names({}, 0, std::move(done)); }

// One kind after the other.
void WebService::read_names(Names names, std::size_t kind, std::function<void(Names)> done) {
  using store::NameKind;
  static constexpr std::pair<NameKind, Names::Ids Names::*> kKinds[] = {
      {NameKind::builder, &Names::builders},
      {NameKind::worker, &Names::workers},
      {NameKind::scheduler, &Names::schedulers},
      {NameKind::changesource, &Names::changesources}};
  if (kind == std::size(kKinds)) return done(std::move(names));
  runner_->read(store::name_ids(kKinds[kind].first),
                [this, names = std::move(names), kind, done = std::move(done)](Names::Ids ids) mutable {
                  names.*kKinds[kind].second = std::move(ids);
                  read_names(std::move(names), kind + 1, std::move(done));
                });
}

// Reads names and configuration. `done` comes when both are in the history, after the batch that was under
// way.
void WebService::read_site(std::function<void()> done) {
  read_names([this, done = std::move(done)](Names names) {
    names_ = std::move(names);
    config_->refresh([this, done] {
      if (const auto& c = config_->current())
        // The site lives in its configuration, which it shares.
        app_->set_site(std::shared_ptr<const config::Site>(c, &c->site()), names_, generation_.guard(done));
      else
        app_->set_names(names_, generation_.guard(done));
    });
  });
}

// Is the last event of the history in the event log, with the same tag?
void WebService::check_cursor() {
  const auto cursor = app_->cursor();
  if (!cursor.number) return begin_anew();
  runner_->read(store::head(), [this, cursor](const events::Cursor& head) {
    runner_->read(
        store::event_at(cursor.number), [this, cursor, head](const std::optional<wire::Event>& event) {
          // The event itself may have been trimmed away. Whether one behind it is gone too, the reader tells.
          const bool fits = event ? event->tag == cursor.tag : head.number > cursor.number || head == cursor;
          if (fits) return read_site([this, cursor] { runner_->loaded(cursor); });
          spdlog::warn("history does not fit the event log and is begun anew event={} head={}",
                       cursor.number.value, head.number.value);
          begin_anew();
        });
  });
}

void WebService::begin_anew() {
  broken_ = false;
  runner_->read(store::first_event(), [this](EventNumber first) {
    const auto read = generation_.guard([this, whole = first.value <= 1] {
      if (whole) return runner_->loaded({});
      spdlog::info("the event log does not reach back to its beginning: reading the state instead");
      read_state();
    });
    // A reset forgets builders and workers too.
    app_->reset(generation_.guard([this, read] { read_site(read); }));
  });
}

void WebService::read_state() {
  read_snapshot(
      *runner_,
      [this](SnapshotPart part, std::function<void()> next) {
        app_->apply(std::move(part), generation_.guard(std::move(next)));
      },
      [this](const events::Cursor& cursor) {
        app_->set_cursor(cursor, generation_.guard([this, cursor] { runner_->loaded(cursor); }));
      });
}

void WebService::on_event(const wire::Event& event) {
  if (std::holds_alternative<wire::ConfigApplied>(wire::read_event(event))) names_changed_ = true;
  pending_.push_back(event);
  // What is dropped here is read again from the event log when there is room.
  if (pending_.size() > kMaxPending && !app_->history_problem().empty())
    runner_->reload("the history cannot be written");
}

void WebService::on_announcement(const bus::Frames& frames) {
  if (frames.size() != 2) return;
  const auto body = wire::decode_value(frames[1]);
  if (!body)
    return spdlog::debug("announcement cannot be read topic={} reason={}", frames[0], body.error().text);
  growths_.push_back({BuildId{(*body)["build"].int_or(0)}, static_cast<int>((*body)["step"].int_or(0)),
                      static_cast<int>((*body)["log"].int_or(0)), (*body)["lines"].int_or(0),
                      (*body)["size"].int_or(0)});
  pump();
}

void WebService::pump() {
  if (busy_since_ || (pending_.empty() && growths_.empty())) return;
  busy_since_ = mono_now();
  const auto go_on = [this] {
    busy_since_.reset();
    pump();
  };
  const auto end = pending_.begin() + static_cast<std::ptrdiff_t>(std::min(kBatch, pending_.size()));
  std::vector<wire::Event> batch(std::make_move_iterator(pending_.begin()), std::make_move_iterator(end));
  pending_.erase(pending_.begin(), end);
  const bool reread = std::exchange(names_changed_, false) || !knows_names(names_, batch);
  auto apply = [this, go_on, batch = std::move(batch)]() mutable {
    app_->apply(std::move(batch), std::exchange(growths_, {}), generation_.guard(go_on));
  };
  // Names are read again once a batch. A name that is unknown then gets a provisional id.
  if (reread) return read_site(std::move(apply));
  apply();
}

}  // namespace headrace::web
