// SPDX-License-Identifier: Apache-2.0
#include "web/front/front.hpp"

#include "config/site.hpp"
#include "json/value.hpp"
#include "web/front/assets.hpp"
#include "web/rest/answer.hpp"

namespace headrace::web {

// Where nothing runs.
struct Front::NoLogs : LogSource {
  void read(const LogAddress&, std::int64_t, Answer answer) override { answer(fail("no running logs here")); }
};

Front::Front(boost::asio::io_context& io, const FrontSettings& settings, LogSource* running,
             EventRange events)
    : no_running_(std::make_unique<NoLogs>()),
      pool_(io),
      files_(pool_, settings.logs),
      logs_(running ? *running : *no_running_, files_),
      history_(io, settings.history),
      cursor_(history_.opened_at()),
      hub_(cursor_),
      rest_(history_, logs_, pool_, std::move(events)) {}

Front::~Front() = default;

void Front::handle(http::Request request, std::shared_ptr<http::Responder> responder) {
  if (Rest::is_mine(request)) return rest_.handle(std::move(request), std::move(responder));
  if (Hub::is_mine(request)) return hub_.handle(request, std::move(responder));
  if (request.method != "GET" && request.method != "HEAD")
    return responder->send(error_response(400, "invalid HTTP method"));
  if (request.path == "/config") return responder->send(site_config(request));
  if (auto asset = answer_asset(request)) return responder->send(std::move(*asset));
  responder->send(error_response(404, "no such page: " + request.path));
}

http::Response Front::site_config(const http::Request&) const {
  return json_response(json::Object{{"title", title_},
                                    {"titleURL", url_},
                                    {"buildbotURL", url_},
                                    {"version", HEADRACE_VERSION},
                                    {"multiMaster", false},
                                    {"auth", json::Object{{"name", "NoAuth"}}},
                                    {"user", json::Object{{"anonymous", true}}}},
                       "application/json");
}

void Front::apply(std::vector<wire::Event> events, std::vector<LogGrowth> growths,
                  std::function<void()> done) {
  const bool notify = hub_.wants_notifications(mono_now());
  history_.write([this, notify, events = std::move(events), growths = std::move(growths),
                  done = std::move(done)](Projection& projection) -> History::Answer {
    return [this, notify, done, applied = projection.apply(events, growths, notify)] {
      cursor_ = applied.cursor;
      hub_.publish(applied, notify);
      done();
    };
  });
}

void Front::apply(SnapshotPart part, std::function<void()> done) {
  history_.write([part = std::move(part), done = std::move(done)](Projection& projection) -> History::Answer {
    projection.apply(part);
    return done;
  });
}

void Front::set_names(Names names, std::function<void()> done) {
  history_.write(
      [names = std::move(names), done = std::move(done)](Projection& projection) -> History::Answer {
        projection.set_names(names);
        return done;
      });
}

void Front::set_site(std::shared_ptr<const config::Site> site, Names names, std::function<void()> done) {
  title_ = site->title;
  url_ = site->url;
  rest_.set_url(url_);
  const bool notify = hub_.wants_notifications(mono_now());
  history_.write([this, notify, site = std::move(site), names = std::move(names),
                  done = std::move(done)](Projection& projection) -> History::Answer {
    return [this, notify, done, applied = projection.set_site(*site, names, notify)] {
      if (notify) hub_.publish(applied, notify);
      done();
    };
  });
}

void Front::set_cursor(Cursor cursor, std::function<void()> done) {
  history_.write(
      [this, cursor = std::move(cursor), done = std::move(done)](Projection& projection) -> History::Answer {
        projection.set_cursor(cursor);
        return [this, cursor, done] {
          cursor_ = cursor;
          hub_.restart(cursor_);
          done();
        };
      });
}

void Front::reset(std::function<void()> done) {
  history_.write([this, done = std::move(done)](Projection& projection) -> History::Answer {
    projection.reset();
    return [this, done] {
      cursor_ = {};
      hub_.restart(cursor_);
      done();
    };
  });
}

void Front::tick() { hub_.tick(mono_now()); }

}  // namespace headrace::web
