// SPDX-License-Identifier: Apache-2.0
// REST v2 over HTTP: /api and everything below it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/server.hpp"
#include "web/history/history.hpp"
#include "web/logs/log_source.hpp"
#include "web/logs/pool.hpp"
#include "wire/event.hpp"

namespace headrace::web {

struct Match;

/// Reads at most `limit` events after `after` from the event log in Redis, in order. Answers on the loop.
using EventRange = std::function<void(EventNumber after, std::size_t limit,
                                      std::function<void(Result<std::vector<wire::Event>>)> answer)>;

class Rest {
 public:
  /// The parts must outlive it.
  Rest(History& history, LogSource& logs, Pool& pool, EventRange events);

  /// The site's own URL ("https://ci.acme.org/"): pages of this origin may read the API.
  void set_url(std::string url) { url_ = std::move(url); }

  /// True for paths that `handle` answers.
  static bool is_mine(const http::Request& request);
  void handle(http::Request request, http::ResponderPtr responder);

 private:
  struct Call;  // shared with the jobs and callbacks that answer it, because a std::function must be copyable
  void get(std::shared_ptr<Call> call, std::string_view path);
  void get_log(std::shared_ptr<Call> call, const Match& match);
  void get_events(std::shared_ptr<Call> call);
  bool origin_allowed(const http::Request& request, std::string_view origin) const;

  History& history_;
  LogSource& logs_;
  Pool& pool_;
  EventRange events_;
  std::string url_;
};

}  // namespace headrace::web
