// SPDX-License-Identifier: Apache-2.0
#include "cli/up/supervisor.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <stdexcept>

#include "cli/command.hpp"
#include "cli/system_access.hpp"
#include "cli/up/log_file.hpp"
#include "cli/up/private_file.hpp"
#include "control/site.hpp"
#include "service/key_file.hpp"
#include "token/token.hpp"

namespace headrace::cli {
namespace {

constexpr int kMaxStarts = 4;  // of one process, before everything has been up once
constexpr seconds kSayWaiting{10};
constexpr seconds kLookAtLogs{10};
constexpr int kTailLines = 5;
constexpr seconds kImpatience{2};  // a second Ctrl-C after this kills; sooner it is the first one, sent twice

bus::KeyPair key_pair(const std::string& path) {
  auto pair = std::filesystem::exists(path) ? service::read_key_file(path) : service::make_key_file(path);
  if (!pair) throw std::runtime_error(pair.error().text);
  return *pair;
}

store::Settings store_settings(const Layout& layout, const std::string& durability) {
  store::Settings out;
  out.address.unix_path = layout.redis_socket();
  out.durability = store::durability_of(durability).value_or(store::Durability::process);
  return out;
}

std::string url(const std::string& address) {
  // ":8010" and "0.0.0.0:8010" are reached at this machine's own address.
  const auto colon = address.rfind(':');
  const auto host = address.substr(0, colon);
  const bool every = host.empty() || host == "*" || host == "0.0.0.0" || host == "[::]";
  return "http://" + (every ? "127.0.0.1" : host) + address.substr(colon);
}

}  // namespace

Supervisor::Supervisor(UpSettings settings, Layout layout, Endpoints endpoints, Endpoints advertised,
                       CheckedConfig checked)
    : settings_(std::move(settings)),
      layout_(std::move(layout)),
      endpoints_(std::move(endpoints)),
      advertised_(std::move(advertised)),
      checked_(std::move(checked)),
      site_key_(key_pair(layout_.site_key())),
      signals_(io_, SIGTERM, SIGINT, SIGHUP),
      child_signal_(io_, SIGCHLD),
      waiting_timer_(io_),
      log_timer_(io_),
      site_(io_, store_settings(layout_, settings_.durability)),
      readiness_(io_) {
  if (::pipe2(pipe_, O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
}

Supervisor::~Supervisor() {
  children_.clear();
  ::close(pipe_[0]);
  ::close(pipe_[1]);
}

int Supervisor::run() {
  watch_signals();
  watch_children();
  watch_logs();
  add(redis_program(layout_, settings_.durability)).start();
  site_.on_workers([this](const std::vector<std::string>& names) {
    if (applied_ && !stopping_) set_workers(names);
  });
  site_.start([this] { on_connected(); });
  say_waiting();
  io_.run();
  return exit_status_;
}

Child& Supervisor::add(Program program) {
  const auto name = program.name;
  auto child = std::make_unique<Child>(io_, layout_, std::move(program), pipe_[0], settings_.verbose);
  child->on_ended([this](Child& c, int status) { return on_child_ended(c, status); });
  return *(children_[name] = std::move(child));
}

bool Supervisor::on_child_ended(Child& child, int status) {
  const auto& name = child.program().name;
  if (!up_) {
    // Coming up: what cannot work is said instead of tried for ever.
    const bool refused = WIFEXITED(status) && WEXITSTATUS(status) == kWrongUsage;
    if (refused || child.starts() >= kMaxStarts) {
      fail(refused ? kWrongUsage : kFailed, name + " " + end_text(status) + ":\n" +
                                                last_lines(layout_.log_file(name), kTailLines) +
                                                "its log: " + layout_.log_file(name));
      return false;
    }
  }
  std::cerr << "headrace: " << name << " " << end_text(status) << ", starting it again in "
            << child.back_off().count() << " ms" << std::endl;
  return true;
}

void Supervisor::on_connected() {
  if (applied_ || stopping_) return;
  const auto transition = control::apply(checked_.files, checked_.configuration->site());
  site_.commit(transition, [this](const auto& version) {
    if (stopping_ || applied_) return;
    if (!version) return fail(kFailed, "Redis refused the configuration: " + version.error().text);
    applied_ = true;
    start_everything();
  });
}

void Supervisor::start_everything() {
  try {
    for (auto& program : service_programs(layout_, settings_, endpoints_)) add(std::move(program)).start();
    std::vector<std::string> names;
    for (const auto& worker : checked_.configuration->site().workers)
      if (worker.embedded) names.push_back(worker.name);
    set_workers(names);
    write_control_file();
  } catch (const std::runtime_error& e) {
    return fail(kFailed, e.what());
  }
  wait_until_ready();
}

void Supervisor::set_workers(const std::vector<std::string>& names) {
  for (const auto& name : names)
    if (!workers_.count(name)) start_worker(name);
  for (auto it = workers_.begin(); it != workers_.end();) {
    if (std::count(names.begin(), names.end(), it->first)) {
      ++it;
      continue;
    }
    const auto name = it->first, child = it->second;
    it = workers_.erase(it);
    if (const auto found = children_.find(child); found != children_.end())
      found->second->stop([this, name, child] {
        // Not from inside the child's own callback.
        boost::asio::post(io_, [this, name, child] {
          children_.erase(child);
          if (workers_.count(name) && !stopping_) start_worker(name);  // wanted again meanwhile
        });
      });
  }
}

void Supervisor::start_worker(const std::string& name) {
  const auto file = file_name_of(name);
  const auto pair = key_pair(layout_.worker_key(file));
  token::Token token;
  token.kind = "worker";
  token.name = name;
  token.server = {layout_.worker_endpoint()};
  token.server_key = site_key_.public_key;
  token.public_key = pair.public_key;
  token.secret_key = pair.secret_key;
  write_private_file(layout_.worker_token(file), token::encode(token) + "\n");
  auto program = worker_program(layout_, settings_, name);
  workers_[name] = program.name;
  // One that was removed from the configuration just now may still be stopping.
  if (children_.count(program.name)) return;
  auto& child = add(std::move(program));
  site_.allow_worker(pair.public_key, name, [this, &child, name] {
    if (!stopping_ && workers_.count(name) && !child.running()) child.start();
  });
}

void Supervisor::wait_until_ready() {
  std::map<std::string, http::Call> probes;
  for (const auto& [name, child] : children_) {
    if (child->program().status.empty()) continue;
    probes[name].url = "http://localhost/healthz";
    probes[name].unix_socket = child->program().status;
    probes[name].timeout = milliseconds{5000};
  }
  probes["web port"].url = url(endpoints_.web) + "/healthz";
  probes["intake port"].url = url(endpoints_.intake) + "/healthz";
  readiness_.wait(std::move(probes), [this] { say_up(); });
}

void Supervisor::say_up() {
  up_ = true;
  waiting_timer_.cancel();
  std::cout << "page     " << url(endpoints_.web) << "/\n"
            << "hooks    " << url(endpoints_.intake) << "/change_hook/<dialect>\n"
            << "workers  " << advertised_.workers << "\n"
            << "events   " << advertised_.bus << "\n"
            << "headrace is up" << std::endl;
}

void Supervisor::say_waiting() {
  waiting_timer_.expires_after(kSayWaiting);
  waiting_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || up_ || stopping_) return;
    std::cerr << "headrace: still starting";
    if (!applied_) std::cerr << "; redis: loading its data";
    for (const auto& [name, reason] : readiness_.waiting_for()) std::cerr << "; " << name << ": " << reason;
    std::cerr << std::endl;
    say_waiting();
  });
}

void Supervisor::apply_again() {
  std::cerr << "headrace: applying " << settings_.config << " again" << std::endl;
  CheckedConfig checked;
  try {
    checked = check_config(settings_.config);
  } catch (const std::exception& e) {
    // Whatever is wrong with a new configuration, the old one goes on.
    std::cerr << "headrace: the configuration cannot be read: " << e.what() << std::endl;
  }
  if (!checked.configuration) return;
  site_.commit(control::apply(checked.files, checked.configuration->site()), [](const auto& version) {
    if (!version)
      std::cerr << "headrace: the configuration was refused: " << version.error().text << std::endl;
  });
}

void Supervisor::write_control_file() {
  ControlFile c;
  c.redis = "unix:" + layout_.redis_socket();
  c.prefix = store::Settings{}.prefix;
  c.durability = settings_.durability;
  c.site_key = layout_.site_key();
  c.web = url(endpoints_.web);
  c.intake = url(endpoints_.intake);
  c.workers = advertised_.workers;
  c.bus = advertised_.bus;
  c.bus_subscribe = layout_.subscribe();
  c.runtime = layout_.runtime;
  write_private_file(control_path(layout_.data), json::write_indented(c.to_json()) + "\n");
}

void Supervisor::watch_signals() {
  signals_.async_wait([this](const boost::system::error_code& error, int number) {
    if (error) return;
    if (number == SIGHUP) {
      if (applied_ && !stopping_) apply_again();
    } else if (!stopping_) {
      stop_asked_ = mono_now();
      stop();
    } else if (mono_now() - stop_asked_ > kImpatience) {
      std::cerr << "headrace: killing what is left" << std::endl;
      exit_status_ = kFailed;
      for (const auto& [name, child] : children_) child->kill();
      return;
    }
    watch_signals();
  });
}

void Supervisor::watch_children() {
  child_signal_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    watch_children();
    // A callback may add or remove children.
    std::vector<std::string> names;
    for (const auto& [name, child] : children_) names.push_back(name);
    for (const auto& name : names)
      if (const auto it = children_.find(name); it != children_.end()) it->second->reap();
  });
}

void Supervisor::watch_logs() {
  log_timer_.expires_after(kLookAtLogs);
  log_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    for (const auto& [name, child] : children_) rotate_open_log_file(layout_.log_file(name));
    watch_logs();
  });
}

void Supervisor::fail(int status, const std::string& reason) {
  if (stopping_) return;
  std::cerr << "headrace: cannot come up: " << reason << std::endl;
  exit_status_ = status;
  stop();
}

void Supervisor::stop() {
  stopping_ = true;
  readiness_.stop();
  site_.stop();
  waiting_timer_.cancel();
  std::vector<std::string> workers;
  for (const auto& [name, child] : children_)
    if (name.starts_with("worker-")) workers.push_back(name);
  stop_plan_.push_back(workers);
  for (const char* name : kStopOrder) stop_plan_.push_back({name});
  stop_next();
}

void Supervisor::stop_next() {
  while (!stop_plan_.empty()) {
    const auto group = stop_plan_.front();
    stop_plan_.pop_front();
    std::vector<Child*> list;
    for (const auto& name : group)
      if (const auto it = children_.find(name); it != children_.end()) list.push_back(it->second.get());
    if (list.empty()) continue;
    stopping_now_ = list.size();
    for (auto* child : list)
      child->stop([this] {
        if (--stopping_now_ == 0) boost::asio::post(io_, [this] { stop_next(); });
      });
    return;
  }
  io_.stop();
}

}  // namespace headrace::cli
