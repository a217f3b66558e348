// SPDX-License-Identifier: Apache-2.0
#include "web/rest/rest.hpp"

#include "log/log.hpp"
#include "web/rest/answer.hpp"
#include "web/rest/control.hpp"
#include "web/rest/event_list.hpp"
#include "web/rest/log_request.hpp"

namespace headrace::web {
namespace {

// "https://ci.acme.org/path" → "https://ci.acme.org"
std::string_view origin_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return url;
  return url.substr(0, url.find('/', scheme + 3));
}

void allow_origin(http::Response& r, const std::string& origin) {
  if (origin.empty()) return;
  r.headers.emplace_back("Access-Control-Allow-Origin", origin);
  r.headers.emplace_back("Vary", "Origin");
}

http::Response preflight() {
  http::Response r;
  r.headers = {{"Access-Control-Allow-Methods", "GET, POST, HEAD"},
               {"Access-Control-Allow-Headers", "Content-Type"},
               {"Access-Control-Max-Age", "3600"}};
  return r;
}

http::Response api_versions(std::string_view url, std::string_view accept) {
  const std::string base(url);
  return json_response(
      json::Object{
          {"api_versions", json::Object{{"v2", base + (base.ends_with('/') ? "" : "/") + "api/v2"}}}},
      accept);
}

}  // namespace

// One request under way. `send` adds the headers that every answer to this client has.
struct Rest::Call {
  http::Request request;
  http::ResponderPtr responder;
  std::string origin;  ///< allowed one, or ""

  std::string_view accept() const { return request.header("Accept"); }
  void send(http::Response r) {
    allow_origin(r, origin);
    responder->send(std::move(r));
  }
};

Rest::Rest(History& history, LogSource& logs, Pool& pool, EventRange events)
    : history_(history), logs_(logs), pool_(pool), events_(std::move(events)) {}

bool Rest::is_mine(const http::Request& request) {
  return request.path == "/api" || request.path.starts_with("/api/");
}

bool Rest::origin_allowed(const http::Request& request, std::string_view origin) const {
  if (origin == origin_of(url_)) return true;
  const auto at = origin.find("://");  // the page that this server has sent itself is of the same origin
  return at != std::string_view::npos && origin.substr(at + 3) == request.header("Host");
}

void Rest::handle(http::Request request, http::ResponderPtr responder) {
  auto call = std::make_shared<Call>(Call{std::move(request), std::move(responder), ""});
  const http::Request& r = call->request;
  const std::string origin(r.header("Origin"));
  if (!origin.empty() && !origin_allowed(r, origin)) return call->send(error_response(400, "invalid origin"));
  call->origin = origin;
  if (r.method == "OPTIONS") return call->send(preflight());
  if (r.method != "GET" && r.method != "HEAD" && r.method != "POST")
    return call->send(error_response(400, "invalid HTTP method"));

  // Segments are taken from the target, where a slash in a builder's name is still %2F.
  std::string_view path(r.target);
  path = path.substr(0, path.find('?'));
  if (path == "/api" || path == "/api/") return call->send(api_versions(url_, call->accept()));
  for (const std::string_view base : {"/api/v2", "/api/latest"}) {
    if (!path.starts_with(base)) continue;
    const auto below = path.substr(base.size());
    if (!below.empty() && below.front() != '/') continue;
    const auto inner = below.empty() ? below : below.substr(1);
    if (r.method == "POST") return call->send(refuse_control(r, inner));
    return get(call, inner);
  }
  call->send(error_response(404, "no such API version: " + std::string(path)));
}

void Rest::get(std::shared_ptr<Call> call, std::string_view path) {
  if (path.empty()) return call->send(answer_list("rootlinks", root_links(), call->accept()));
  if (path == "application.spec") return call->send(answer_list("specs", specification(), call->accept()));
  if (path == "events") return get_events(call);
  auto match = find_endpoint(path);
  if (!match) return call->send(error_response(404, "Invalid path: " + std::string(path)));
  const Ending ending = match->endpoint->ending;
  if (ending != Ending::rows && ending != Ending::dictionary) return get_log(call, *match);
  history_.read([call, match = std::move(*match)](Database& db) -> History::Answer {
    http::Response response;
    try {
      response = answer_rows(db, match, call->request.query, call->accept());
    } catch (const SqlError& e) {
      spdlog::error("query failed target={} reason=\"{}\"", call->request.target, e.what());
      response = error_response(500, e.what());
    }
    return [call, response = std::move(response)]() mutable { call->send(std::move(response)); };
  });
}

void Rest::get_log(std::shared_ptr<Call> call, const Match& match) {
  const auto wanted = LogRequest::read(*match.endpoint, call->request.query);
  if (!wanted) return call->send(error_response(400, wanted.error().text));
  history_.read([this, call, scope = match.scope, wanted = *wanted](Database& db) -> History::Answer {
    Result<LogFound> found;
    try {
      found = find_log(db, scope);
    } catch (const SqlError& e) {
      found = fail(e.what());
    }
    return [this, call, wanted, found = std::move(found)] {
      if (!found) return call->send(error_response(404, found.error().text));
      Download download = make_download(wanted, *found, call->accept());
      allow_origin(download.head, call->origin);
      send_log(logs_, pool_, std::move(download), call->responder);
    };
  });
}

void Rest::get_events(std::shared_ptr<Call> call) {
  auto wanted = EventListRequest::read(call->request.query);
  if (!wanted) return call->send(error_response(400, wanted.error().text));
  events_(wanted->after, EventListRequest::kScan,
          [call, wanted = *wanted](Result<std::vector<wire::Event>> events) {
            if (!events) return call->send(error_response(503, events.error().text));
            call->send(json_response(event_list(wanted, *events), call->accept()));
          });
}

}  // namespace headrace::web
