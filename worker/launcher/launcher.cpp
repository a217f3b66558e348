// SPDX-License-Identifier: Apache-2.0
#include "worker/launcher/launcher.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>

namespace headrace::worker {
namespace {

std::vector<std::string> strings(const json::Value& list) {
  std::vector<std::string> out;
  if (list.is_array())
    for (const auto& x : list.as_array()) out.push_back(x.string_or(""));
  return out;
}

// Whether the way to a directory below `own` leaves it, by ".." or by a link that a build has made. Whoever
// is not isolated must not follow it.
bool leads_out(const std::string& directory, const std::string& own) {
  const auto inside = [](const std::string& path, const std::string& of) {
    return path == of || path.starts_with(of + "/");
  };
  std::error_code error;
  return inside(directory, own) && !inside(std::filesystem::weakly_canonical(directory, error).string(),
                                           std::filesystem::weakly_canonical(own, error).string());
}

}  // namespace

Launcher::Launcher(LauncherSettings settings)
    : settings_(std::move(settings)), channel_(settings_.fd), last_look_(Clock::now()) {
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
    if (!open_ && !killing && !step_) return 0;
    // While something dies it is looked at in growing steps; SIGCHLD comes in between.
    soon = killing ? std::min(soon * 2, std::chrono::milliseconds(50)) : std::chrono::milliseconds(1);
    pollfd wait[2] = {{signals_, POLLIN, 0}, {channel_.fd(), POLLIN, 0}};
    if (channel_.wants_to_write()) wait[1].events |= POLLOUT;
    poll(wait, open_ ? 2 : 1, static_cast<int>((killing ? soon : next_look()).count()));

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
  if (op == "alive") {
    settings_.lease = std::chrono::milliseconds(m["left_ms"].int_or(settings_.lease.count()));
  } else if (op == "start") {
    start(m, std::move(descriptors));
  } else if (op == "house") {
    isolation_.emplace(
        platform::House{m["base"].string_or(""), strings(m["of_site"]), strings(m["of_worker"])});
  } else if (op == "kill") {
    if (!step_ || step_->id != m["id"].int_or(0)) return;
    const std::chrono::milliseconds patience(m["sigterm_ms"].int_or(0));
    if (patience.count() > 0 && step_->kill == Step::Kill::no) {
      step_->kill = Step::Kill::term;
      step_->kill_at = Clock::now() + patience;
      signal_step(SIGTERM);
    } else if (patience.count() == 0) {
      step_->kill = Step::Kill::kill;
    }
  }
}

void Launcher::start(const json::Value& m, std::vector<int> descriptors) {
  const auto id = m["id"].int_or(0);
  const auto failed = [&](int error, const std::string& what, const std::string& path) {
    channel_.send(
        json::Object{{"op", "failed"}, {"id", id}, {"error", error}, {"what", what}, {"path", path}});
  };
  const std::string directory = m["directory"].string_or("");
  spawn::Command c;
  c.argv = strings(m["argv"]);
  c.env = strings(m["env"]);
  c.env.push_back(std::string(kWorkerMarker) + "=" + settings_.worker_marker);
  c.directory = directory;
  c.descriptors = {{descriptors[0], 0}, {descriptors[1], 1}, {descriptors[2], 2}};
  c.new_session = true;
  c.parent_death_signal = SIGKILL;

  std::error_code error, ignored;
  const bool denied = leads_out(directory, m["isolation"]["build_directory"].string_or("/"));
  if (denied) error = std::make_error_code(std::errc::permission_denied);
  if (!denied) std::filesystem::create_directories(directory, error);
  if (denied || (error && !std::filesystem::is_directory(directory, ignored))) {
    failed(error.value(), "make directory", directory);
  } else if (const int obstacle = isolate(m["isolation"], c); obstacle != 0) {
    failed(obstacle, "isolate", c.argv.at(0));
  } else if (const auto pid = spawn::start(c)) {
    childless_ = false;
    step_ = Step{.id = id, .pid = *pid};
  } else {
    failed(pid.error().error, pid.error().what, pid.error().path);
  }
  for (const int d : descriptors) close(d);
}

int Launcher::isolate(const json::Value& wanted, spawn::Command& command) {
  if (!wanted.is_object()) return 0;
  if (!isolation_) return EINVAL;
  platform::View view;
  view.build_directory = wanted["build_directory"].string_or("");
  view.readable = strings(wanted["readable"]);
  view.writable = strings(wanted["writable"]);
  view.own = wanted["own"].bool_or(false);
  std::error_code error;
  std::filesystem::create_directories(view.build_directory, error);
  for (const auto& e : command.env) {
    if (e.starts_with("PATH=")) view.path = e.substr(5);
    // A directory of the build's own is made for it.
    if (e.starts_with("HOME=" + view.build_directory + "/")) mkdir(e.c_str() + 5, 0700);
  }
  const auto* confinement = isolation_->prepare(view);
  if (!confinement) return errno != 0 ? errno : EPERM;
  command.confine = platform::Isolation::confine;
  command.confine_with = confinement;
  return 0;
}

void Launcher::reap() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    if (!step_ || step_->pid != pid || step_->reaped) continue;
    step_->reaped = true;
    step_->status = status;
  }
  childless_ = pid < 0 && errno == ECHILD;
}

std::vector<platform::Process> Launcher::orphans() const {
  std::vector<platform::Process> out;
  // Mostly there is nothing to look through /proc for.
  const auto children = childless_ ? std::vector<pid_t>{} : platform::children_of(getpid());
  for (const pid_t child : children) {
    if (step_ && step_->pid == child && !step_->reaped) continue;
    const auto tree = platform::tree_of(child);
    out.insert(out.end(), tree.begin(), tree.end());
  }
  return out;
}

void Launcher::signal_step(int signal) {
  auto processes = orphans();
  if (!step_->reaped) {
    // Its number is ours as long as it is not reaped, and so is its group's.
    kill(-step_->pid, signal);
    const auto tree = platform::tree_of(step_->pid);
    processes.insert(processes.end(), tree.begin(), tree.end());
  }
  for (const auto& p : processes) platform::send_signal(p, signal);
}

bool Launcher::tend() {
  if (!step_) return false;
  Step& step = *step_;
  if (step.kill == Step::Kill::term && Clock::now() >= step.kill_at) step.kill = Step::Kill::kill;
  if (step.reaped && orphans().empty()) {
    const bool exited = WIFEXITED(step.status);
    channel_.send(json::Object{{"op", "exit"},
                               {"id", step.id},
                               {"code", exited ? WEXITSTATUS(step.status) : -1},
                               {"signal", exited ? 0 : WTERMSIG(step.status)},
                               {"lost", step.lost}});
    step_.reset();
    return false;
  }
  // What an ended command left behind gets no time of grace beyond that of its kill.
  if (step.kill == Step::Kill::kill || (step.reaped && step.kill == Step::Kill::no)) signal_step(SIGKILL);
  return step.reaped || step.kill != Step::Kill::no;
}

void Launcher::kill_all(bool lost) {
  if (!step_) return;
  step_->kill = Step::Kill::kill;
  step_->lost |= lost;
}

std::chrono::milliseconds Launcher::next_look() const {
  const std::chrono::milliseconds second(1000), least(1);
  return std::clamp(settings_.lease - silent_, least, second / 2);
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
