// SPDX-License-Identifier: Apache-2.0
#include "web/app/web_app.hpp"

#include "config/site.hpp"
#include "json/value.hpp"
#include "web/app/assets.hpp"
#include "web/rest/answer.hpp"

namespace headrace::web {

// The source of running logs where no build runs.
struct WebApp::NoLogs : LogSource {
  void read(const LogAddress&, std::int64_t, Answer answer) override { answer(fail("no running logs here")); }
};

WebApp::WebApp(boost::asio::io_context& io, const WebAppSettings& settings, LogSource* running,
               EventRange events)
    : no_running_(std::make_unique<NoLogs>()),
      pool_(io),
      files_(pool_, settings.logs),
      logs_(running ? *running : *no_running_, files_),
      history_(io, settings.history),
      cursor_(history_.opened_at()),
      streams_(cursor_),
      rest_(history_, logs_, pool_, std::move(events)) {}

WebApp::~WebApp() = default;

void WebApp::handle(http::Request request, http::ResponderPtr responder) {
  if (Rest::is_mine(request)) return rest_.handle(std::move(request), std::move(responder));
  if (EventStreams::is_mine(request)) return streams_.handle(request, std::move(responder));
  if (request.method != "GET" && request.method != "HEAD")
    return responder->send(error_response(400, "invalid HTTP method"));
  if (request.path == "/config") return responder->send(site_config(request));
  if (auto asset = answer_asset(request)) return responder->send(std::move(*asset));
  responder->send(error_response(404, "no such page: " + request.path));
}

http::Response WebApp::site_config(const http::Request&) const {
  return json_response(json::Object{{"title", title_},
                                    {"titleURL", url_},
                                    {"buildbotURL", url_},
                                    {"version", HEADRACE_VERSION},
                                    {"multiMaster", false},
                                    {"auth", json::Object{{"name", "NoAuth"}}},
                                    {"user", json::Object{{"anonymous", true}}}},
                       "application/json");
}

void WebApp::apply(std::vector<wire::Event> events, std::vector<LogGrowth> growths,
                   std::function<void()> done) {
  const bool notify = streams_.wants_notifications(mono_now());
  history_.write([this, notify, events = std::move(events), growths = std::move(growths),
                  done = std::move(done)](Projection& projection) -> History::Answer {
    return [this, notify, done, applied = projection.apply(events, growths, notify)] {
      cursor_ = applied.cursor;
      streams_.publish(applied, notify);
      done();
    };
  });
}

void WebApp::apply(SnapshotPart part, std::function<void()> done) {
  history_.write([part = std::move(part), done = std::move(done)](Projection& projection) -> History::Answer {
    projection.apply(part);
    return done;
  });
}

void WebApp::set_names(Names names, std::function<void()> done) {
  history_.write(
      [names = std::move(names), done = std::move(done)](Projection& projection) -> History::Answer {
        projection.set_names(names);
        return done;
      });
}

void WebApp::set_site(std::shared_ptr<const config::Site> site, Names names, std::function<void()> done) {
  title_ = site->title;
  url_ = site->url;
  rest_.set_url(url_);
  const bool notify = streams_.wants_notifications(mono_now());
  history_.write([this, notify, site = std::move(site), names = std::move(names),
                  done = std::move(done)](Projection& projection) -> History::Answer {
    return [this, notify, done, applied = projection.set_site(*site, names, notify)] {
      if (notify) streams_.publish(applied, notify);
      done();
    };
  });
}

void WebApp::set_cursor(Cursor cursor, std::function<void()> done) {
  history_.write(
      [this, cursor = std::move(cursor), done = std::move(done)](Projection& projection) -> History::Answer {
        projection.set_cursor(cursor);
        return [this, cursor, done] {
          cursor_ = cursor;
          streams_.restart(cursor_);
          done();
        };
      });
}

void WebApp::reset(std::function<void()> done) {
  history_.write([this, done = std::move(done)](Projection& projection) -> History::Answer {
    projection.reset();
    return [this, done] {
      cursor_ = {};
      streams_.restart(cursor_);
      done();
    };
  });
}

void WebApp::tick() { streams_.tick(mono_now()); }

}  // namespace headrace::web
