// SPDX-License-Identifier: Apache-2.0
#include "worker/service.hpp"

#include <boost/asio/post.hpp>
#include <cstdio>
#include <random>

#include "git/environment.hpp"
#include "log/log.hpp"
#include "spawn/spawn.hpp"
#include "worker/platform/facts.hpp"
#include "worker/platform/isolation.hpp"
#include "worker/status.hpp"

namespace headrace::worker {
namespace {

// The goodbye needs a moment to leave: sockets are closed without lingering.
constexpr milliseconds kLastWords{100};
constexpr milliseconds kComplainEvery{60'000};

std::map<std::string, std::string> environment_for_steps() {
  std::map<std::string, std::string> out;
  for (const auto& e : spawn::own_environment()) {
    const auto equals = e.find('=');
    if (equals == std::string::npos) continue;
    const std::string name = e.substr(0, equals);
    // The worker's own settings, and what a service manager says to this process alone.
    if (name.starts_with("HEADRACE_") || name == "NOTIFY_SOCKET" || name == "WATCHDOG_USEC" ||
        name == "WATCHDOG_PID" || name == "LISTEN_FDS" || name == "LISTEN_PID" || name == "LISTEN_FDNAMES" ||
        name == "INVOCATION_ID" || name == "JOURNAL_STREAM")
      continue;
    out[name] = e.substr(equals + 1);
  }
  git::forget_repository(out);  // a step works in its own
  return out;
}

platform::House house_of(const Settings& settings, const std::string& base_directory) {
  platform::House house{base_directory, settings.hide, {}};
  if (!settings.token_file.empty()) house.of_worker.push_back(settings.token_file);
  return house;
}

}  // namespace

CoreSettings WorkerService::core_settings(const Settings& settings, const platform::BaseDirectory& base) {
  std::random_device device;
  char instance[17];
  std::snprintf(instance, sizeof instance, "%08x%08x", device(), device());
  CoreSettings s;
  s.instance = instance;
  s.replaces = base.begin_life(instance);
  s.info.name = settings.token.name;
  s.info.version = HEADRACE_VERSION;
  s.info.facts = platform::facts(base.path());
  s.machine.base_directory = base.path();
  s.machine.environment = environment_for_steps();
  s.machine.isolation_obstacle = platform::isolation_obstacle(house_of(settings, base.path()));
  s.machine.isolation_caveat = platform::isolation_caveat();
  const auto& obstacle = s.machine.isolation_obstacle;
  s.info.facts["isolation"] = obstacle.empty() ? "none, process" : "none";
  if (!obstacle.empty() && !settings.hide.empty())
    spdlog::warn("steps can reach the keys and secrets of the site: {}", obstacle);
  s.spool_bytes = settings.spool_bytes;
  s.seed = device();
  return s;
}

WorkerService::WorkerService(const Settings& settings, const platform::BaseDirectory& base)
    : settings_(settings),
      marker_(base.marker()),
      loop_("worker", settings.log_level),
      core_(core_settings(settings, base)),
      timer_(io()),
      status_page_([this] { return health(core_.status()); }, metrics_) {
  LauncherOptions options;
  options.program = settings_.launcher;
  options.umask = settings_.umask;
  options.lease = settings_.longest_silence;
  options.marker = marker_;
  options.house = house_of(settings_, base.path());
  LauncherClient::Events events;
  events.output = [this](ExecId exec, char channel, std::string_view bytes) {
    core_.on_command(exec, CommandOutput{channel, bytes}, now());
    perform();
  };
  events.exit = [this](ExecId exec, const Exit& exit) {
    core_.on_command(exec, exit, now());
    perform();
  };
  events.spawn_failed = [this](ExecId exec, const SpawnFailure& failure) {
    core_.on_command(exec, failure, now());
    perform();
  };
  events.lost = [this] {
    spdlog::warn("a launcher was killed, and its command with it; the build of that command is lost");
  };
  launcher_ = std::make_unique<LauncherClient>(io(), options, std::move(events));
  if (launcher_->swept() > 0)
    spdlog::warn("killed what an earlier life left processes={}", launcher_->swept());
  zmq_ = std::make_unique<bus::Context>();
  endpoint_ = settings_.token.server.empty() ? 0 : std::random_device()() % settings_.token.server.size();
}

WorkerService::~WorkerService() = default;

int WorkerService::run() {
  add_metrics(metrics_, [this] { return core_.status(); });
  status_page_.serve(io(), settings_.status);
  loop_.watch_parent(settings_.parent_fd);
  core_.on_started(now());
  perform();
  return loop_.run([this](const std::string& reason) { stop(reason); });
}

void WorkerService::stop(const std::string& reason) {
  core_.on_stop(reason, now());
  perform();
}

// A server that refuses a key does not answer at all, so from here both look alike.
void WorkerService::connect(bool in_vain) {
  const auto& token = settings_.token;
  if (in_vain && (!complained_ || mono_now() - *complained_ > kComplainEvery)) {
    complained_ = mono_now();
    spdlog::warn(
        "no welcome from {}: it is away or not ready, or it does not allow this worker's key (then `headrace "
        "worker add {}` there "
        "prints a token that it does); trying on",
        token.server[(endpoint_ - 1) % token.server.size()], token.name);
  }
  const std::string& endpoint = token.server[endpoint_++ % token.server.size()];
  // The old socket may be the one whose callback we are in.
  boost::asio::post(io(), [old = std::shared_ptr<bus::Socket>(std::move(socket_))] {});
  socket_ = std::make_unique<bus::Socket>(io(), *zmq_, bus::SocketType::dealer);
  if (!token.server_key.empty())
    socket_->secure_client({token.public_key, token.secret_key}, token.server_key);
  socket_->on_message([this, socket = socket_.get()](const bus::Message& m) {
    if (socket != socket_.get()) return;  // of a socket that was given up
    if (m.frames.size() == 2) core_.on_message(m.frames[0], m.frames[1], now());
  });
  socket_->on_drained([this] { perform(); });
  socket_->on_disconnected([this, socket = socket_.get()] {
    if (socket != socket_.get()) return;
    core_.on_disconnected(now());
    perform();
  });
  socket_->connect(endpoint);
  spdlog::debug("connecting endpoint={}", endpoint);
}

void WorkerService::perform() {
  if (performing_) return;  // the loop below takes it
  performing_ = true;
  for (auto actions = core_.take_actions(); !actions.empty(); actions = core_.take_actions())
    for (const auto& action : actions) perform(action);
  performing_ = false;
  launcher_->lease_until(core_.lease_end());
  arm_timer();
}

void WorkerService::perform(const Action& action) {
  if (const auto* send = std::get_if<Send>(&action)) {
    if (socket_ && !socket_->send({send->name, send->body}))
      spdlog::debug("message dropped name={}", send->name);
  } else if (const auto* start = std::get_if<StartCommand>(&action)) {
    launcher_->start(*start);
  } else if (const auto* kill = std::get_if<KillCommand>(&action)) {
    launcher_->kill(*kill);
  } else if (const auto* discard = std::get_if<DiscardOutput>(&action)) {
    launcher_->discard(discard->exec);
  } else if (const auto* reading = std::get_if<SetReading>(&action)) {
    launcher_->set_reading(reading->exec, reading->on);
  } else if (const auto* note = std::get_if<Note>(&action)) {
    spdlog::log(note->level == Note::Level::warn ? spdlog::level::warn : spdlog::level::info, "{}",
                note->text);
  } else if (std::holds_alternative<Connect>(action)) {
    connect(std::get<Connect>(action).in_vain);
  } else if (std::holds_alternative<Quit>(action)) {
    timer_.expires_after(kLastWords);
    timer_.async_wait([this](const auto&) { loop_.end(); });
    quitting_ = true;
  }
}

void WorkerService::arm_timer() {
  const auto wake = core_.next_wake();
  // A timer that rings too early does no harm; setting it anew for each message would cost more.
  if (!wake || quitting_ || (armed_ && *armed_ <= *wake)) return;
  armed_ = wake;
  timer_.expires_at(std::chrono::steady_clock::time_point(*wake));
  timer_.async_wait([this](const auto& error) {
    if (error) return;
    armed_.reset();
    core_.on_timer(now());
    perform();
  });
}

}  // namespace headrace::worker
