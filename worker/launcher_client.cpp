// SPDX-License-Identifier: Apache-2.0
#include "worker/launcher_client.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <map>
#include <optional>
#include <stdexcept>
#include <thread>

#include "spawn/spawn.hpp"
#include "worker/command_pipes.hpp"
#include "worker/launcher_process.hpp"
#include "worker/platform/control_group.hpp"
#include "worker/platform/processes.hpp"

namespace headrace::worker {
namespace {
namespace asio = boost::asio;
constexpr milliseconds kAliveEvery{1000};
constexpr milliseconds kNearTheEnd{3000};  // of the lease: launchers hear of the worker more often
constexpr milliseconds kAliveNearTheEnd{250};
constexpr milliseconds kLeastLeft{1000};
constexpr milliseconds kCutOff{3000};  // of a worker that was cut off for its lease, and then stands still
constexpr milliseconds kSweepAtMost{5000};
constexpr milliseconds kEndAtMost{2000};

json::Array list(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

template <class Done>
void wait_until(Done done, milliseconds at_most) {
  const auto give_up = std::chrono::steady_clock::now() + at_most;
  while (!done() && std::chrono::steady_clock::now() < give_up)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

}  // namespace

class LauncherClient::Impl : public std::enable_shared_from_this<LauncherClient::Impl> {
 public:
  Impl(asio::io_context& io, LauncherOptions options, Events events)
      : io_(io), options_(std::move(options)), events_(std::move(events)), alive_(io) {}

  void begin() {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    group_ = platform::ControlGroup::make("headrace-" + options_.marker);
    if (group_) swept_ += group_->kill();
    swept_ += platform::kill_marked(kWorkerMarker, options_.marker);
    launch();
    tick();
  }

  void start(const StartCommand& command) {
    auto pipes = std::make_shared<CommandPipes>(io_);
    auto ends = pipes->open(command.input, [this, exec = command.exec](char channel, std::string_view bytes) {
      events_.output(exec, channel, bytes);
    });
    if (ends.empty()) return cannot_start(command, errno);
    const std::string builder = command.isolation ? command.isolation->build_directory : "";
    Launcher* const launcher = idle(builder);
    if (!launcher) {
      for (const int end : ends) ::close(end);
      return cannot_start(command, EAGAIN);
    }
    launcher->exec = command.exec;
    launcher->builder = builder;
    runs_[command.exec] = {pipes, launcher->process};
    say_alive(*launcher->process);
    json::Array env;
    for (const auto& [name, value] : command.env) env.push_back(name + "=" + value);
    json::Object message{{"op", "start"},
                         {"id", command.exec.value},
                         {"argv", list(command.argv)},
                         {"env", std::move(env)},
                         {"directory", command.directory}};
    if (const auto& isolation = command.isolation)
      message["isolation"] = json::Object{{"build_directory", isolation->build_directory},
                                          {"readable", list(isolation->readable)},
                                          {"writable", list(isolation->writable)},
                                          {"own", isolation->own}};
    launcher->process->send(std::move(message), std::move(ends));
    pipes->start();
  }

  void kill(const KillCommand& command) {
    const auto it = runs_.find(command.exec);
    if (it == runs_.end()) return;
    it->second.launcher->send(
        json::Object{{"op", "kill"}, {"id", command.exec.value}, {"sigterm_ms", command.sigterm.count()}});
  }

  void discard(ExecId exec) {
    const auto it = runs_.find(exec);
    if (it != runs_.end()) std::shared_ptr(it->second.pipes)->discard();
  }

  void set_reading(ExecId exec, bool on) {
    const auto it = runs_.find(exec);
    if (it != runs_.end()) std::shared_ptr(it->second.pipes)->set_reading(on);
  }

  int swept() const { return swept_; }
  void lease_until(MonoTime end) { lease_end_ = end; }

  void shut_down() {
    events_ = {};
    alive_.cancel();
    for (auto& launcher : launchers_) launcher.process->hang_up();
    for (auto& [exec, run] : runs_) run.pipes->close();
    runs_.clear();
    wait_until(
        [this] {
          return std::all_of(launchers_.begin(), launchers_.end(),
                             [](const auto& l) { return l.process->reap(); });
        },
        kEndAtMost);
    launchers_.clear();
    if (group_) group_->remove();
  }

 private:
  struct Launcher {
    std::shared_ptr<LauncherProcess> process;
    std::optional<ExecId> exec;                   ///< what it runs
    std::string builder;                          ///< the directory that it has made an isolation for last
    std::optional<platform::ControlGroup> group;  ///< that it and its command are in
  };
  struct Run {
    std::shared_ptr<CommandPipes> pipes;
    std::shared_ptr<LauncherProcess> launcher;
  };

  Launcher& launch() {
    Launcher launcher;
    launcher.process = std::make_shared<LauncherProcess>(io_);
    std::vector<std::string> env;
    for (auto& e : spawn::own_environment())
      if (!e.starts_with("HEADRACE_")) env.push_back(std::move(e));
    // A launcher of an earlier life is found by it and swept away as well.
    env.push_back(std::string(kWorkerMarker) + "=" + options_.marker);
    LauncherProcess::Events events;
    auto* const process = launcher.process.get();
    events.message = [this, process](const json::Value& m) { on_message(*process, m); };
    events.gone = [this, process] { on_gone(*process); };
    launcher.process->launch(options_.program, {std::to_string(options_.lease.count()), options_.marker},
                             std::move(env), options_.umask, std::move(events));
    // Before it has heard a word, so that no command of it is outside.
    if (group_) launcher.group = group_->make_inside(std::to_string(++last_group_));
    if (launcher.group) launcher.group->add(process->pid());
    const auto& house = options_.house;
    process->send(json::Object{{"op", "house"},
                               {"base", house.base_directory},
                               {"of_site", list(house.of_site)},
                               {"of_worker", list(house.of_worker)}});
    return launchers_.emplace_back(std::move(launcher));
  }

  // One that has an isolation for this directory needs not make it again.
  Launcher* idle(const std::string& builder) {
    Launcher* any = nullptr;
    for (auto& launcher : launchers_) {
      if (launcher.exec) continue;
      if (launcher.builder == builder) return &launcher;
      if (!any) any = &launcher;
    }
    if (any) return any;
    try {
      return &launch();
    } catch (const std::runtime_error&) {
      return nullptr;  // no process or descriptor left; later there may be
    }
  }

  void cannot_start(const StartCommand& command, int error) {
    const SpawnFailure failure{error, "start", command.argv.at(0)};
    asio::post(io_, [self = shared_from_this(), exec = command.exec, failure] {
      if (self->events_.spawn_failed) self->events_.spawn_failed(exec, failure);
    });
  }

  void say_alive(LauncherProcess& launcher) {
    const auto left = std::chrono::duration_cast<milliseconds>(lease_end_ - mono_now());
    const auto silence = left > milliseconds(0) ? std::max(left, kLeastLeft) : kCutOff;
    launcher.send(json::Object{{"op", "alive"}, {"left_ms", std::min(silence, options_.lease).count()}});
  }

  void tick() {
    for (auto& launcher : launchers_) say_alive(*launcher.process);
    const auto left = lease_end_ - mono_now();
    const bool near = left > milliseconds(0) && left < kNearTheEnd;
    alive_.expires_after(near ? kAliveNearTheEnd : kAliveEvery);
    alive_.async_wait([self = shared_from_this()](const auto& error) {
      if (!error && self->events_.exit) self->tick();
    });
  }

  void on_message(const LauncherProcess& process, const json::Value& m) {
    const ExecId exec{m["id"].int_or(0)};
    for (auto& launcher : launchers_)
      if (launcher.process.get() == &process && launcher.exec == exec) launcher.exec.reset();
    if (m["op"] == json::Value("failed")) {
      const SpawnFailure failure{static_cast<int>(m["error"].int_or(0)), m["what"].string_or(""),
                                 m["path"].string_or("")};
      return finish(exec, [this, exec, failure] {
        if (events_.spawn_failed) events_.spawn_failed(exec, failure);
      });
    }
    Exit exit;
    exit.code = static_cast<int>(m["code"].int_or(-1));
    exit.signal = static_cast<int>(m["signal"].int_or(0));
    exit.lost = m["lost"].bool_or(false);
    end(exec, exit);
  }

  void end(ExecId exec, const Exit& exit) {
    finish(exec, [this, exec, exit] {
      if (events_.exit) events_.exit(exec, exit);
    });
  }

  // Tells the end once everything that the command wrote is read.
  void finish(ExecId exec, std::function<void()> tell) {
    const auto it = runs_.find(exec);
    if (it == runs_.end()) return;
    const auto pipes = it->second.pipes;
    pipes->finish([weak = weak_from_this(), exec, tell = std::move(tell)] {
      const auto self = weak.lock();
      if (!self) return;
      self->runs_.erase(exec);
      tell();
    });
  }

  void on_gone(const LauncherProcess& process) {
    const auto it = std::find_if(launchers_.begin(), launchers_.end(),
                                 [&](const auto& l) { return l.process.get() == &process; });
    if (it == launchers_.end()) return;
    const Launcher gone = std::move(*it);
    launchers_.erase(it);
    gone.process->hang_up();
    ::kill(gone.process->pid(), SIGKILL);  // it may have closed its end alone
    wait_until([&] { return gone.process->reap(); }, kEndAtMost);
    if (gone.group) {
      gone.group->kill();
      gone.group->remove();
    }
    kill_strays();
    if (events_.lost) events_.lost();
    if (gone.exec) end(*gone.exec, Exit{.code = -1, .signal = SIGKILL, .lost = true});
  }

  // Everything below this process that is no launcher was left by a launcher that is gone.
  void kill_strays() {
    wait_until(
        [this] {
          bool found = false;
          for (const pid_t child : platform::children_of(getpid())) {
            if (std::any_of(launchers_.begin(), launchers_.end(),
                            [&](const auto& l) { return l.process->pid() == child; }))
              continue;
            for (const auto& p : platform::tree_of(child)) platform::send_signal(p, SIGKILL);
            found |= waitpid(child, nullptr, WNOHANG) == 0;
          }
          return !found;
        },
        kSweepAtMost);
  }

  asio::io_context& io_;
  const LauncherOptions options_;
  Events events_;
  asio::steady_timer alive_;
  std::vector<Launcher> launchers_;
  std::map<ExecId, Run> runs_;
  std::optional<platform::ControlGroup> group_;
  int last_group_ = 0;
  int swept_ = 0;
  MonoTime lease_end_{};
};

LauncherClient::LauncherClient(asio::io_context& io, const LauncherOptions& options, Events events)
    : impl_(std::make_shared<Impl>(io, options, std::move(events))) {
  impl_->begin();
}
LauncherClient::~LauncherClient() { impl_->shut_down(); }
void LauncherClient::start(const StartCommand& command) { impl_->start(command); }
void LauncherClient::kill(const KillCommand& command) { impl_->kill(command); }
void LauncherClient::discard(ExecId exec) { impl_->discard(exec); }
void LauncherClient::set_reading(ExecId exec, bool on) { impl_->set_reading(exec, on); }
int LauncherClient::swept() const { return impl_->swept(); }
void LauncherClient::lease_until(MonoTime end) { impl_->lease_until(end); }

}  // namespace headrace::worker
