// SPDX-License-Identifier: Apache-2.0
#include "worker/launcher/launcher.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <random>

#include "spawn/spawn.hpp"

namespace headrace::worker {
namespace {

std::string random_hex() {
  std::random_device device;
  char text[17];
  std::snprintf(text, sizeof text, "%08x%08x", device(), device());
  return text;
}

std::vector<std::string> strings(const json::Value& list) {
  std::vector<std::string> out;
  if (list.is_array())
    for (const auto& x : list.as_array()) out.push_back(x.string_or(""));
  return out;
}

}  // namespace

Launcher::Launcher(LauncherSettings settings)
    : settings_(std::move(settings)), channel_(settings_.fd), life_(random_hex()), last_look_(Clock::now()) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  // Whoever stops the worker's group (Ctrl-C, a service manager) means the worker: it says what to do.
  for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) signal(s, SIG_IGN);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, nullptr);
  signals_ = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
}

Launcher::~Launcher() { close(signals_); }

int Launcher::run() {
  auto soon = std::chrono::milliseconds(1);
  while (true) {
    const bool killing = tend();
    if (!open_ && !killing && steps_.empty()) return 0;
    // While something dies it is looked at in growing steps; SIGCHLD comes in between.
    soon = killing ? std::min(soon * 2, std::chrono::milliseconds(50)) : std::chrono::milliseconds(1);
    pollfd wait[2] = {{signals_, POLLIN, 0}, {channel_.fd(), POLLIN, 0}};
    if (channel_.wants_to_write()) wait[1].events |= POLLOUT;
    poll(wait, open_ ? 2 : 1, static_cast<int>(killing ? soon.count() : 1000));

    signalfd_siginfo info[16];
    while (read(signals_, info, sizeof info) > 0) {
    }
    reap();
    if (open_ && wait[1].revents != 0) {
      open_ =
          channel_.flush() && channel_.receive([this](const json::Value& m, std::vector<int> descriptors) {
            on_message(m, std::move(descriptors));
          });
      if (!open_) kill_all(true);
    }
    watch_silence(Clock::now());
  }
}

void Launcher::on_message(const json::Value& m, std::vector<int> descriptors) {
  silent_ = {};
  const std::string op = m["op"].string_or("");
  if (op == "start") {
    start(m, std::move(descriptors));
  } else if (op == "kill") {
    const auto it = steps_.find(m["id"].int_or(0));
    if (it == steps_.end()) return;
    const std::chrono::milliseconds patience(m["sigterm_ms"].int_or(0));
    Step& step = it->second;
    if (patience.count() > 0 && step.kill == Step::Kill::no) {
      step.kill = Step::Kill::term;
      step.kill_at = Clock::now() + patience;
      auto processes = step.reaped ? std::vector<platform::Process>{} : platform::tree_of(step.pid);
      auto left = orphans();
      for (const auto& p : left[it->first]) processes.push_back(p);
      signal_step(step, processes, SIGTERM);
    } else if (patience.count() == 0) {
      step.kill = Step::Kill::kill;
    }
  }
}

void Launcher::start(const json::Value& m, std::vector<int> descriptors) {
  const auto id = m["id"].int_or(0);
  const auto failed = [&](int error, const std::string& what, const std::string& path) {
    channel_.send(
        json::Object{{"op", "failed"}, {"id", id}, {"error", error}, {"what", what}, {"path", path}});
  };
  Step step;
  step.marker = life_ + "-" + std::to_string(id);
  step.directory = m["directory"].string_or("");
  spawn::Command c;
  c.argv = strings(m["argv"]);
  c.env = strings(m["env"]);
  c.env.push_back(std::string(kStepMarker) + "=" + step.marker);
  c.env.push_back(std::string(kWorkerMarker) + "=" + settings_.worker_marker);
  c.directory = step.directory;
  c.descriptors = {{descriptors[0], 0}, {descriptors[1], 1}, {descriptors[2], 2}};
  c.new_session = true;
  c.parent_death_signal = SIGKILL;

  std::error_code error, ignored;
  std::filesystem::create_directories(step.directory, error);
  if (error && !std::filesystem::is_directory(step.directory, ignored)) {
    failed(error.value(), "make directory", step.directory);
  } else if (const auto pid = spawn::start(c)) {
    step.pid = *pid;
    childless_ = false;
    steps_.emplace(id, std::move(step));
  } else {
    failed(pid.error().error, pid.error().what, pid.error().path);
  }
  for (const int d : descriptors) close(d);
}

void Launcher::reap() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    for (auto& [id, step] : steps_) {
      if (step.pid != pid || step.reaped) continue;
      step.reaped = true;
      step.status = status;
    }
  }
  childless_ = pid < 0 && errno == ECHILD;
}

std::int64_t Launcher::owner_of(const platform::Process& p) {
  const std::pair key(p.pid, p.started);
  const auto known = owners_.find(key);
  if (known != owners_.end() && known->second != 0) return known->second;
  std::int64_t owner = 0;
  const auto marker = platform::environment_value(p.pid, kStepMarker);
  for (const auto& [id, step] : steps_)
    if (p.session == step.pid || marker == step.marker) owner = id;
  if (owner == 0) {
    // Its environment was emptied and its session is its own: the place where it stands is the last trace.
    const std::string place = platform::working_directory(p.pid);
    for (const auto& [id, step] : steps_)
      if (!step.directory.empty() && (place == step.directory || place.starts_with(step.directory + "/")))
        owner = id;
  }
  owners_[key] = owner;
  return owner;
}

std::map<std::int64_t, std::vector<platform::Process>> Launcher::orphans() {
  std::map<std::int64_t, std::vector<platform::Process>> out;
  // Whatever a command leaves behind becomes a child of ours; mostly there is nothing to look through /proc
  // for.
  const auto children = childless_ ? std::vector<pid_t>{} : platform::children_of(getpid());
  for (const pid_t child : children) {
    const bool leader = std::any_of(steps_.begin(), steps_.end(),
                                    [&](const auto& s) { return s.second.pid == child && !s.second.reaped; });
    if (leader) continue;
    auto tree = platform::tree_of(child);
    if (tree.empty()) continue;
    // The root may have ended with its children still below it: then they speak for themselves.
    const auto owner = owner_of(tree.front());
    auto& list = out[owner];
    list.insert(list.end(), tree.begin(), tree.end());
  }
  if (out.empty()) owners_.clear();
  return out;
}

void Launcher::signal_step(const Step& step, const std::vector<platform::Process>& processes, int signal) {
  // Its number is ours as long as it is not reaped, and so is its group's.
  if (!step.reaped) kill(-step.pid, signal);
  for (const auto& p : processes) platform::send_signal(p, signal);
}

bool Launcher::tend() {
  const auto now = Clock::now();
  bool due = !open_;
  for (auto& [id, step] : steps_) {
    if (step.kill == Step::Kill::term && now >= step.kill_at) step.kill = Step::Kill::kill;
    due |= step.reaped || step.kill != Step::Kill::no;
  }
  if (!due) return false;

  bool killing = false;
  auto left = orphans();
  for (auto it = steps_.begin(); it != steps_.end();) {
    Step& step = it->second;
    const auto found = left.find(it->first);
    const bool nothing_left = found == left.end();
    if (step.reaped && nothing_left) {
      const bool exited = WIFEXITED(step.status);
      channel_.send(json::Object{{"op", "exit"},
                                 {"id", it->first},
                                 {"code", exited ? WEXITSTATUS(step.status) : -1},
                                 {"signal", exited ? 0 : WTERMSIG(step.status)},
                                 {"lost", step.lost}});
      it = steps_.erase(it);
      continue;
    }
    // What an ended command left behind gets no time of grace beyond that of its kill.
    if (step.kill == Step::Kill::kill || (step.reaped && step.kill == Step::Kill::no)) {
      auto processes = step.reaped ? std::vector<platform::Process>{} : platform::tree_of(step.pid);
      if (!nothing_left) processes.insert(processes.end(), found->second.begin(), found->second.end());
      signal_step(step, processes, SIGKILL);
    }
    killing |= step.reaped || step.kill != Step::Kill::no;
    ++it;
  }
  const bool none_runs =
      std::all_of(steps_.begin(), steps_.end(), [](const auto& s) { return s.second.reaped; });
  if (none_runs && left.contains(0)) {
    for (const auto& p : left[0]) platform::send_signal(p, SIGKILL);
    killing = true;
  }
  return killing;
}

void Launcher::kill_all(bool lost) {
  for (auto& [id, step] : steps_) {
    step.kill = Step::Kill::kill;
    step.lost |= lost;
  }
}

// Silence is counted in steps of at most a second: time in which the launcher itself stood still (a
// machine that slept) does not count.
void Launcher::watch_silence(Clock::time_point now) {
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - last_look_);
  last_look_ = now;
  silent_ += std::min(passed, std::chrono::milliseconds(1000));
  if (silent_ < settings_.lease) return;
  silent_ = {};
  kill_all(true);
}

}  // namespace headrace::worker
