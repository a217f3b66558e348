// SPDX-License-Identifier: Apache-2.0
// Everything of headrace-web that is not Redis: history, REST, live events and the page behind one handler.
// Tests and the demonstration drive it with events of their own; the service with those of the log.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/server.hpp"
#include "web/history/history.hpp"
#include "web/history/snapshot.hpp"
#include "web/logs/file_log_source.hpp"
#include "web/logs/log_sources.hpp"
#include "web/logs/pool.hpp"
#include "web/rest/rest.hpp"
#include "web/sse/event_streams.hpp"

namespace headrace::web {

struct WebAppSettings {
  std::string history;  ///< path of the SQLite file
  std::string logs;     ///< directory of the log store
};

class WebApp {
 public:
  /// @param running  source of running logs; null: none. Must outlive the app.
  WebApp(boost::asio::io_context& io, const WebAppSettings& settings, LogSource* running, EventRange events);
  ~WebApp();

  /// Answers /, the page's files, /config, /api, /sse; everything else is 404.
  void handle(http::Request request, std::shared_ptr<http::Responder> responder);

  /// Up to where the history reaches. Before the first answer of `apply`: where it was when opened.
  const Cursor& cursor() const { return cursor_; }
  /// One batch into the history and to the listeners. One at a time: call again after `done`.
  void apply(std::vector<wire::Event> events, std::vector<LogGrowth> growths, std::function<void()> done);
  /// A part of a snapshot into the history. When the last is in, set_cursor() says what it reaches up to.
  void apply(SnapshotPart part, std::function<void()> done);
  void set_cursor(Cursor cursor, std::function<void()> done);
  void set_names(Names names, std::function<void()> done);
  /// The configuration has changed (or is read for the first time).
  void set_site(std::shared_ptr<const config::Site> site, Names names, std::function<void()> done);
  /// Forgets the history; the log will be read from its start.
  void reset(std::function<void()> done);
  /// About once a second.
  void tick();

  std::size_t listeners() const { return streams_.listeners(); }

 private:
  http::Response site_config(const http::Request& request) const;

  struct NoLogs;
  std::unique_ptr<LogSource> no_running_;
  Pool pool_;
  FileLogSource files_;
  LogSources logs_;
  History history_;
  Cursor cursor_;
  EventStreams streams_;
  Rest rest_;
  std::string title_ = "Headrace";
  std::string url_;
};

}  // namespace headrace::web
