// SPDX-License-Identifier: Apache-2.0
// For tests: child processes, and real receivers of mail (aiosmtpd) and HTTP (http.server) that can be
// killed and come back on the same port. What they took is kept over their lives.
#pragma once

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "json/value.hpp"

extern char** environ;

namespace headrace::notifier {

/// Looks again and again until `condition` holds. @return whether it did in time
inline bool eventually(const std::function<bool()>& condition,
                       std::chrono::seconds limit = std::chrono::seconds(40)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

/// A child process, killed at the end of its life.
class Child {
 public:
  explicit Child(std::vector<std::string> words) {
    std::vector<char*> argv;
    for (auto& w : words) argv.push_back(w.data());
    argv.push_back(nullptr);
    if (::posix_spawnp(&pid_, argv[0], nullptr, nullptr, argv.data(), environ) != 0)
      throw std::runtime_error("cannot start " + words[0]);
  }
  ~Child() { end(SIGKILL); }
  Child(const Child&) = delete;

  /// Sends the signal and waits. @return exit status, −1 when a signal ended it
  int end(int signal) {
    if (pid_ == 0) return -1;
    ::kill(pid_, signal);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = 0;
};

// Arguments: mail|http, directory, port (0: any). Every message is one JSON line in `took`; the port is in
// `port`. A file `hold` keeps the server from answering while it is there; the lines of a file `answers`
// are what it says instead of yes, one a message: "550 no", "503 7" (status and Retry-After); a push whose
// key begins as a file `poison` says always gets 404.
inline constexpr const char* kReceiver = R"(
import asyncio, email, email.policy, json, os, sys, time
kind, folder, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
def path(name): return os.path.join(folder, name)
def write(name, text):
    with open(path(name + '.new'), 'w') as f: f.write(text)
    os.rename(path(name + '.new'), path(name))
def take(record):
    record['time'] = time.time()
    with open(path('seen'), 'a') as f: f.write('x')
    while os.path.exists(path('hold')): time.sleep(0.01)
    answer = None
    if os.path.exists(path('poison')) and str(record.get('key')).startswith(open(path('poison')).read()): return '404'
    if os.path.exists(path('answers')):
        lines = open(path('answers')).read().splitlines()
        if lines:
            answer = lines[0]
            write('answers', '\n'.join(lines[1:]))
    if answer is None:
        with open(path('took'), 'a') as f: f.write(json.dumps(record) + '\n')
    return answer
if kind == 'mail':
    from aiosmtpd.controller import Controller
    class Handler:
        async def handle_DATA(self, server, session, envelope):
            m = email.message_from_bytes(envelope.content, policy=email.policy.default)
            return take({'from': envelope.mail_from, 'to': envelope.rcpt_tos, 'id': m['Message-ID'], 'subject': m['Subject'],
                         'head_to': m['To'], 'body': m.get_content(), 'defects': [str(d) for d in m.defects]}) or '250 taken'
    class Any(Controller):
        def _trigger_server(self):
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()
    c = Any(Handler(), hostname='127.0.0.1', port=port)
    c.start()
    write('port', str(c.port))
    while True: time.sleep(1000)
else:
    from http.server import ThreadingHTTPServer, BaseHTTPRequestHandler
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers['Content-Length']))
            answer = (take({'path': self.path, 'key': self.headers['Idempotency-Key'], 'type': self.headers['Content-Type'],
                            'auth': self.headers['Authorization'], 'extra': self.headers['X-Extra'],
                            'body': json.loads(body)}) or '204').split()
            self.send_response(int(answer[0]))
            if len(answer) > 1: self.send_header('Retry-After', answer[1])
            self.send_header('Content-Length', '0')
            self.end_headers()
        def log_message(self, *a): pass
    s = ThreadingHTTPServer(('127.0.0.1', port), Handler)
    write('port', str(s.server_address[1]))
    s.serve_forever()
)";

class Receiver {
 public:
  explicit Receiver(std::string kind) : kind_(std::move(kind)) {
    char name[] = "/tmp/hr-receiver-XXXXXX";
    if (!mkdtemp(name)) throw std::runtime_error("mkdtemp");
    folder_ = name;
    start();
  }
  ~Receiver() {
    kill();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Receiver(const Receiver&) = delete;

  void kill() { child_.reset(); }
  void start() {
    std::filesystem::remove(file("port"));
    child_.emplace(std::vector<std::string>{"/usr/bin/python3", "-c", kReceiver, kind_, folder_, port_});
    if (!eventually([this] { return std::filesystem::exists(file("port")); }))
      throw std::runtime_error("no receiver");
    port_ = read("port");
  }
  const std::string& port() const { return port_; }

  /// Everything it said yes to, in order.
  std::vector<json::Value> took() const {
    std::vector<json::Value> out;
    std::istringstream lines(read("took"));
    for (std::string line; std::getline(lines, line);) out.push_back(*json::parse(line));
    return out;
  }
  /// How many messages came, whatever was answered.
  std::size_t seen() const { return read("seen").size(); }
  void hold() { std::ofstream(file("hold")) << "x"; }
  void release() { std::filesystem::remove(file("hold")); }
  void poison(const std::string& key) { std::ofstream(file("poison")) << key; }
  void cure() { std::filesystem::remove(file("poison")); }
  void answer(const std::string& lines) { std::ofstream(file("answers")) << lines; }

 private:
  std::string file(const std::string& name) const { return folder_ + "/" + name; }
  std::string read(const std::string& name) const {
    std::ostringstream out;
    out << std::ifstream(file(name)).rdbuf();
    return out.str();
  }

  std::string kind_, folder_, port_ = "0";
  std::optional<Child> child_;
};

}  // namespace headrace::notifier
