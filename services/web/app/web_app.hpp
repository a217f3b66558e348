// SPDX-License-Identifier: Apache-2.0
// Everything of headrace-web that needs no Redis: history, REST, live events and the page, behind one
// handler. The service hands it the events of the event log; tests and the demo hand it events of their own.
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
  /// @param running  source of the logs of running builds; null: none. Must outlive the app.
  WebApp(boost::asio::io_context& io, const WebAppSettings& settings, LogSource* running, EventRange events);
  ~WebApp();

  /// Answers /, the page's files, /config, /api, /sse; everything else is 404.
  void handle(http::Request request, http::ResponderPtr responder);

  /// Up to where the history reaches. Before the first answer of `apply`: the cursor of the file when it was
  /// opened.
  const Cursor& cursor() const { return cursor_; }
  /// Puts one batch into the history and tells the listeners. One batch at a time: call again after `done`.
  void apply(std::vector<wire::Event> events, std::vector<LogGrowth> growths, std::function<void()> done);
  /// Puts a part of a snapshot into the history. After the last part, set_cursor() says up to where the
  /// snapshot reaches.
  void apply(SnapshotPart part, std::function<void()> done);
  void set_cursor(Cursor cursor, std::function<void()> done);
  void set_names(Names names, std::function<void()> done);
  /// The configuration has changed, or is read for the first time.
  /// @param site  shared with the job on the writing thread
  void set_site(std::shared_ptr<const config::Site> site, Names names, std::function<void()> done);
  /// Forgets the history, so that the event log can be read from its start.
  void reset(std::function<void()> done);
  /// About once a second.
  void tick();

  std::size_t listeners() const { return streams_.listeners(); }
  /// Why nothing gets into the history now; "" when all is well.
  std::string history_problem() const { return history_.problem(); }

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
