// SPDX-License-Identifier: Apache-2.0
#include "worker/testing/live_dispatcher.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "spawn/spawn.hpp"
#include "token/token.hpp"

namespace headrace::worker::testing {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

LiveDispatcher::LiveDispatcher() {
  char name[] = "/tmp/worker-test-XXXXXX";
  folder = std::filesystem::canonical(mkdtemp(name)).string();
  server.heartbeat_ms = 300;
  context_.authenticate(io_,
                        [this](const std::string&, const std::string& key, std::function<void(bool)> answer) {
                          answer(key == worker_key_.public_key);
                        });
  context_.answer_handshakes();
  listen();
}

LiveDispatcher::~LiveDispatcher() {
  for (const pid_t pid : workers_) {
    kill(pid, SIGCONT);
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  std::filesystem::remove_all(folder);
}

void LiveDispatcher::listen() {
  socket_ = std::make_unique<bus::Socket>(io_, context_, bus::SocketType::router);
  socket_->secure_server(server_key_, "worker");
  socket_->on_message([this](const bus::Message& m) {
    if (m.frames.size() != 2) return;
    peer_ = m.peer;
    send(server.on_message(m.frames[0], m.frames[1]));
  });
  socket_->on_drained([this] { send(server.offers()); });
  socket_->bind("ipc://" + folder + "/d");
}

void LiveDispatcher::hang_up() { socket_.reset(); }

void LiveDispatcher::send(std::vector<FakeServer::Reply> replies) {
  for (auto& [name, body] : replies) socket_->send_to(peer_, {name, body});
}

std::string LiveDispatcher::token(bool wrong) const {
  const auto key = wrong ? bus::new_key_pair() : worker_key_;
  token::Token t;
  t.kind = "worker";
  t.name = "w";
  t.server = {"ipc://" + folder + "/d"};
  t.server_key = server_key_.public_key;
  t.public_key = key.public_key;
  t.secret_key = key.secret_key;
  return token::encode(t);
}

pid_t LiveDispatcher::start_worker(const std::vector<std::string>& more, int parent) {
  const int log = open((folder + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  spawn::Command c;
  c.argv = {HEADRACE_BIN_DIR "/headrace-worker", "--base-dir", folder + "/w"};
  c.argv.insert(c.argv.end(), more.begin(), more.end());
  c.env = spawn::own_environment();
  if (std::find(more.begin(), more.end(), "--token") == more.end())
    c.env.push_back("HEADRACE_WORKER_TOKEN=" + token());
  c.env.push_back("FROM_WORKER=yes");
  c.descriptors = {{null, 0}, {log, 1}, {log, 2}};
  if (parent >= 0) c.descriptors.push_back({parent, 3});
  const auto pid = spawn::start(c);
  close(log);
  close(null);
  if (!pid) throw std::runtime_error(pid.error().text());
  workers_.push_back(*pid);
  return *pid;
}

int LiveDispatcher::wait_for_worker(pid_t pid, milliseconds limit) {
  int status = 0;
  const bool ended = run_until([&] { return waitpid(pid, &status, WNOHANG) == pid; }, limit);
  if (!ended) return -1;
  std::erase(workers_, pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string LiveDispatcher::worker_log() const {
  std::ifstream file(folder + "/log");
  return {std::istreambuf_iterator<char>(file), {}};
}

bool LiveDispatcher::run_until(const std::function<bool()>& done, milliseconds limit) {
  const auto end = steady_clock::now() + limit;
  while (!done()) {
    if (steady_clock::now() > end) return false;
    io_.restart();
    io_.run_one_for(milliseconds(10));
    if (socket_) send(server.offers());
  }
  return true;
}

void LiveDispatcher::run_for(milliseconds time) {
  run_until([] { return false; }, time);
}

}  // namespace headrace::worker::testing
