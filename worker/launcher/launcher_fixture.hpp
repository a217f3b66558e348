// SPDX-License-Identifier: Apache-2.0
// The worker's side of a real launcher, driven by hand.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "worker/launcher/channel.hpp"
#include "worker/launcher_client.hpp"
#include "worker/platform/processes.hpp"

namespace headrace::worker {

class LauncherTest : public ::testing::Test {
 protected:
  LauncherTest() {
    char name[] = "/tmp/launcher-test-XXXXXX";
    folder_ = mkdtemp(name);
    marker_ = "test-" + std::to_string(getpid()) + "-" + folder_.substr(folder_.size() - 6);
  }
  ~LauncherTest() override {
    client_.reset();
    platform::kill_marked(kWorkerMarker, marker_);
    std::filesystem::remove_all(folder_);
  }

  LauncherClient& client(milliseconds lease = 30s) {
    if (!client_) {
      LauncherOptions options;
      options.program = HEADRACE_BIN_DIR "/headrace-launcher";
      options.lease = lease;
      options.marker = marker_;
      options.house = house_;
      LauncherClient::Events events;
      events.output = [this](ExecId exec, char channel, std::string_view bytes) {
        (channel == 'o' ? out_ : err_)[exec.value] += bytes;
        if (on_output_) on_output_();
      };
      events.exit = [this](ExecId exec, const Exit& exit) { exits_[exec.value] = exit; };
      events.spawn_failed = [this](ExecId exec, const SpawnFailure& f) { failures_[exec.value] = f; };
      events.lost = [this] { lost_ = true; };
      client_ = std::make_unique<LauncherClient>(io_, options, std::move(events));
    }
    return *client_;
  }

  /// Runs it as a step of the builder in `folder_`/base/b, isolated. @return what it says
  std::string isolated(const std::string& text, Isolation more = {}) {
    StartCommand c;
    c.exec = ExecId{++last_};
    c.argv = {"/bin/sh", "-c", text};
    more.build_directory = folder_ + "/base/b";
    c.directory = more.build_directory + "/build";
    c.env = {{"PATH", "/usr/bin:/bin"}, {"HOME", more.build_directory + "/.home"}};
    c.isolation = std::move(more);
    client().start(c);
    wait_for([&, id = last_] { return exits_.contains(id) || failures_.contains(id); });
    if (const auto failed = failures_.find(last_); failed != failures_.end())
      return "cannot " + failed->second.what + " " + failed->second.path + ": " +
             std::strerror(failed->second.error);
    return out_[last_] + err_[last_];
  }
  /// A site like that of `headrace up`, with an embedded worker, in the folder of the test.
  void make_site() {
    for (const char* place : {"/base/b", "/base/other", "/site/keys", "/run"})
      std::filesystem::create_directories(folder_ + place);
    for (const char* file :
         {"/site/keys/site.key", "/base/other/secret", "/headrace.lua", "/w.token", "/open"})
      std::ofstream(folder_ + file) << "SECRET\n";
    house_.base_directory = folder_ + "/base";
    house_.of_site = {folder_ + "/site", folder_ + "/run", folder_ + "/headrace.lua"};
    house_.of_worker = {folder_ + "/w.token"};
  }

  std::int64_t start(std::vector<std::string> argv, std::optional<std::string> input = {},
                     std::map<std::string, std::string> env = {{"PATH", "/usr/bin:/bin"}}) {
    StartCommand c;
    c.exec = ExecId{++last_};
    c.argv = std::move(argv);
    c.directory = folder_ + "/b" + std::to_string(last_);
    c.env = std::move(env);
    c.input = std::move(input);
    client().start(c);
    return last_;
  }
  std::int64_t shell(const std::string& text) { return start({"/bin/sh", "-c", text}); }

  bool wait_for(const std::function<bool()>& done, milliseconds limit = 10s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io_.restart();
      io_.run_one_for(milliseconds(20));
    }
    return true;
  }
  bool ended(std::int64_t exec) {
    return wait_for([&] { return exits_.contains(exec); });
  }
  bool alive(pid_t pid) {
    const auto p = platform::look_at(pid);
    return p && p->state != 'Z';
  }
  /// The process id that a command has written to `name` in the folder.
  pid_t pid_in(const std::string& name) {
    pid_t pid = 0;
    wait_for([&] { return static_cast<bool>(std::ifstream(folder_ + "/" + name) >> pid); });
    return pid;
  }

  boost::asio::io_context io_;
  std::string folder_, marker_;
  platform::House house_;
  std::unique_ptr<LauncherClient> client_;
  std::int64_t last_ = 0;
  std::map<std::int64_t, std::string> out_, err_;
  std::map<std::int64_t, Exit> exits_;
  std::map<std::int64_t, SpawnFailure> failures_;
  std::function<void()> on_output_;
  bool lost_ = false;
};

}  // namespace headrace::worker
