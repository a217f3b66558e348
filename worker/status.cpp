// SPDX-License-Identifier: Apache-2.0
#include "status.hpp"

#include "http/server.hpp"
#include "json/value.hpp"

namespace headrace::worker {

std::string metrics_text(const CoreStatus& s) {
  std::string out;
  const auto line = [&](const char* name, const char* type, const char* help, std::int64_t value) {
    out += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n" + name + " " +
           std::to_string(value) + "\n";
  };
  line("headrace_worker_connected", "gauge", "1 when a dispatcher has welcomed this worker",
       s.connected ? 1 : 0);
  line("headrace_worker_slots", "gauge", "builds that the configuration lets it run at once", s.slots);
  line("headrace_worker_builds", "gauge", "builds held", s.builds);
  line("headrace_worker_spool_bytes", "gauge", "bytes that the server has not acknowledged",
       static_cast<std::int64_t>(s.spool_bytes));
  line("headrace_worker_spool_full", "gauge", "1 while steps wait for the spool", s.spool_full ? 1 : 0);
  line("headrace_worker_builds_finished_total", "counter", "builds whose end is committed",
       s.builds_finished);
  line("headrace_worker_commands_started_total", "counter", "commands started", s.commands_started);
  line("headrace_worker_output_bytes_total", "counter", "bytes read from commands", s.output_bytes);
  line("headrace_worker_connects_total", "counter", "sockets opened", s.reconnects);
  return out;
}

struct StatusPage::Impl {
  http::Server server;
};

StatusPage::StatusPage(boost::asio::io_context& io, const std::string& address,
                       std::function<CoreStatus()> status) {
  impl_ = std::unique_ptr<Impl>(new Impl{http::Server(
      io, address,
      [status = std::move(status)](const http::Request& request, std::shared_ptr<http::Responder> reply) {
        http::Response r;
        const CoreStatus s = status();
        if (request.path == "/healthz") {
          r.status = s.connected ? 200 : 503;
          r.content_type = "application/json";
          r.body = json::write(
                       json::Object{{"healthy", s.connected},
                                    {"reason", s.connected ? "" : "no dispatcher has welcomed this worker"},
                                    {"worker", s.name},
                                    {"session", s.session.value},
                                    {"builds", s.builds},
                                    {"version", HEADRACE_VERSION}}) +
                   "\n";
        } else if (request.path == "/metrics") {
          r.content_type = "text/plain; version=0.0.4; charset=utf-8";
          r.body = metrics_text(s);
        } else {
          r.status = 404;
          r.body = "only /healthz and /metrics are here\n";
        }
        reply->send(std::move(r));
      })});
}

StatusPage::~StatusPage() = default;

}  // namespace headrace::worker
