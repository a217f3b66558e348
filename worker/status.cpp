// SPDX-License-Identifier: Apache-2.0
#include "worker/status.hpp"

namespace headrace::worker {

process::Health health(const CoreStatus& status) {
  return {status.connected ? "" : "no dispatcher has welcomed this worker",
          {{"process", "worker"},
           {"worker", status.name},
           {"session", status.session.value},
           {"builds", status.builds}}};
}

void add_metrics(process::Metrics& metrics, const std::function<CoreStatus()>& status) {
  const auto gauge = [&](const char* name, const char* help, auto field) {
    metrics.gauge(name, help, [status, field] { return static_cast<double>(status().*field); });
  };
  const auto counter = [&](const char* name, const char* help, std::int64_t CoreStatus::*field) {
    metrics.counter(name, help, [status, field] { return status().*field; });
  };
  gauge("headrace_worker_connected", "1 when a dispatcher has welcomed this worker", &CoreStatus::connected);
  gauge("headrace_worker_slots", "builds that the configuration lets it run at once", &CoreStatus::slots);
  gauge("headrace_worker_builds", "builds held", &CoreStatus::builds);
  gauge("headrace_worker_spool_bytes", "bytes that the server has not acknowledged",
        &CoreStatus::spool_bytes);
  gauge("headrace_worker_spool_full", "1 while steps wait for the spool", &CoreStatus::spool_full);
  counter("headrace_worker_builds_finished_total", "builds whose end is committed",
          &CoreStatus::builds_finished);
  counter("headrace_worker_commands_started_total", "commands started", &CoreStatus::commands_started);
  counter("headrace_worker_output_bytes_total", "bytes read from commands", &CoreStatus::output_bytes);
  counter("headrace_worker_connects_total", "sockets opened", &CoreStatus::reconnects);
}

}  // namespace headrace::worker
