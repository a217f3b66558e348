// SPDX-License-Identifier: Apache-2.0
// headrace status: services, workers, the queue and what runs, as they are now.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "cli/command.hpp"
#include "cli/health_text.hpp"
#include "cli/system_access.hpp"
#include "clock/clock.hpp"
#include "control/site.hpp"
#include "http/client.hpp"
#include "store/state/build.hpp"
#include "store/state/request.hpp"
#include "store/state/site.hpp"

namespace headrace::cli {
namespace {

struct Options {
  bool json = false;
  SystemAccess control;
};

constexpr std::string_view kSocketPrefix = "status.", kSocketSuffix = ".sock";

// Every process under `up` answers on <runtime>/status.<name>.sock.
json::Array services(SystemAccess& control) {
  json::Array out;
  if (!control.file()) return out;
  for (const auto& entry : std::filesystem::directory_iterator(control.file()->runtime)) {
    const auto file = entry.path().filename().string();
    if (!file.starts_with(kSocketPrefix) || !file.ends_with(kSocketSuffix)) continue;
    const auto name =
        file.substr(kSocketPrefix.size(), file.size() - kSocketPrefix.size() - kSocketSuffix.size());
    http::Call call;
    call.url = "http://localhost/healthz";
    call.unix_socket = entry.path().string();
    call.timeout = milliseconds{3000};
    const auto reply = http::call_and_wait(call);
    const auto text = health_text(reply);
    std::int64_t pid = 0;
    std::ifstream(control.data() + "/run/" + name + ".pid") >> pid;
    out.push_back(
        json::Object{{"name", name}, {"healthy", reply.status == 200}, {"says", text}, {"pid", pid}});
  }
  return out;
}

json::Value look(SystemAccess& control) {
  auto& store = control.store();
  json::Array workers, queue, running, pollers;
  const auto current = value_of(control::current_configuration(store));
  const auto problems = store.read(store::poller_problems());
  for (const auto& p : current.configuration->site().pollers) {
    const auto problem = problems.find(p.name);
    pollers.push_back(json::Object{{"name", p.name},
                                   {"polled", store.read(store::poller_state(p.name)).has_value()},
                                   {"failing", problem == problems.end() ? "" : problem->second}});
  }
  for (const auto& w : control::workers(store, current.configuration->site()))
    workers.push_back(
        json::Object{{"name", w.name}, {"connected", w.connected}, {"builds", w.busy}, {"slots", w.slots}});
  for (const auto& open : store.read(store::open_requests()).requests) {
    const auto& r = open.request;
    if (r.state != store::RequestState::running) {
      queue.push_back(json::Object{{"request", r.id.value},
                                   {"builder", r.builder},
                                   {"state", std::string(store::request_state_name(r.state))},
                                   {"submitted_ms", r.submitted_ms},
                                   {"priority", r.priority}});
      continue;
    }
    const auto build = store.read(store::build(r.build));
    if (!build) continue;
    running.push_back(json::Object{{"build", r.build.value},
                                   {"builder", r.builder},
                                   {"number", build->number},
                                   {"worker", build->worker},
                                   {"request", r.id.value},
                                   {"started_ms", build->started_ms},
                                   {"step", build->steps.empty() ? "" : build->steps.back().name}});
  }
  return json::Object{{"config_version", current.version.value},
                      {"services", services(control)},
                      {"workers", std::move(workers)},
                      {"pollers", std::move(pollers)},
                      {"queue", std::move(queue)},
                      {"running", std::move(running)},
                      {"web", control.web()}};
}

std::string ago(std::int64_t ms) {
  return fmt::format("{:.0f} s", static_cast<double>(to_ms(wall_now()) - ms) / 1000);
}

void print(const json::Value& all) {
  if (const auto web = all["web"].string_or(""); !web.empty()) std::cout << "web            " << web << "/\n";
  std::cout << "configuration  version " << all["config_version"].int_or(0) << "\n";
  for (const auto& s : all["services"].as_array())
    std::cout << fmt::format("{:<14} {}  (pid {})\n", s["name"].as_string(), s["says"].as_string(),
                             s["pid"].as_int());
  for (const auto& w : all["workers"].as_array())
    std::cout << fmt::format("worker {}: {}, {} of {} slots in use\n", w["name"].as_string(),
                             w["connected"].as_bool() ? "connected" : "not connected", w["builds"].as_int(),
                             w["slots"].as_int());
  for (const auto& p : all["pollers"].as_array())
    std::cout << fmt::format(
        "poller {}: {}{}\n", p["name"].as_string(), p["polled"].as_bool() ? "polled" : "has not polled yet",
        p["failing"].as_string().empty() ? "" : ", failing: " + p["failing"].as_string());
  std::cout << all["queue"].as_array().size() << " waiting\n";
  for (const auto& r : all["queue"].as_array())
    std::cout << fmt::format("  request {}: {}, {}, for {}\n", r["request"].as_int(),
                             r["builder"].as_string(), r["state"].as_string(),
                             ago(r["submitted_ms"].as_int()));
  std::cout << all["running"].as_array().size() << " running\n";
  for (const auto& b : all["running"].as_array())
    std::cout << fmt::format("  {}#{} (id {}) on {} for {}{}\n", b["builder"].as_string(),
                             b["number"].as_int(), b["build"].as_int(), b["worker"].as_string(),
                             ago(b["started_ms"].as_int()),
                             b["step"].as_string().empty() ? "" : ", step " + b["step"].as_string());
}

void add(arguments::Command& program) {
  auto command = program.subcommand("status", "services, workers, waiting requests and running builds");
  auto o = std::make_shared<Options>();
  command.flag("--json", o->json, "as one JSON object");
  o->control.add_options(command);
  command.action([o] {
    const auto all = look(o->control);
    if (o->json)
      std::cout << json::write_indented(all) << "\n";
    else
      print(all);
    return kGood;
  });
}

}  // namespace

extern const Command status_command;
const Command status_command{"status", add};

}  // namespace headrace::cli
