// SPDX-License-Identifier: Apache-2.0
// What this machine can do with nothing of Headrace in the way; bench/run sets its figures beside these.
//
// usage: headrace-bench-limits chain REDIS_SOCKET DIRECTORY STAMP SAMPLES
//        headrace-bench-limits spawn SECONDS
//
// chain: the hops of a build, each in a process of its own with blocking loops: an HTTP request, a commit, a
// message, a commit, a message, a commit, a message, a spawn. Prints "reply_ms start_ms" a sample. STAMP
// writes its time to argv[1] and renames that to argv[2].
// spawn: /bin/true started and waited for, a thread a core. Prints how many a second.
//
// The plain C libraries on purpose: our own wrappers are part of what is measured against this.
#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/tcp.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int kHops = 3;
const char* const kScript =
    "redis.call('HSET','h'..ARGV[1],'a',ARGV[2],'b','1','c','2','d','3','e','4') "
    "redis.call('ZADD','z',1,ARGV[1]) "
    "redis.call('XADD','x','*','b',ARGV[2]) redis.call('HINCRBY','i','n',1) redis.call('SADD','s',ARGV[1]) "
    "return 1";

void check(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

class Store {
 public:
  explicit Store(const std::string& path) : redis_(redisConnectUnix(path.c_str())) {
    check(redis_ && !redis_->err, "redis");
    auto* r = static_cast<redisReply*>(redisCommand(redis_, "SCRIPT LOAD %s", kScript));
    check(r && r->type == REDIS_REPLY_STRING, "SCRIPT LOAD");
    sha_ = r->str;
    freeReplyObject(r);
  }
  void commit(int n, const std::string& body) {
    auto* r = static_cast<redisReply*>(
        redisCommand(redis_, "EVALSHA %s 0 %d %b", sha_.c_str(), n, body.data(), body.size()));
    check(r && r->type == REDIS_REPLY_INTEGER, "EVALSHA");
    freeReplyObject(r);
  }

 private:
  redisContext* redis_;
  std::string sha_;
};

double now_ms() {
  return static_cast<double>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                 std::chrono::system_clock::now().time_since_epoch())
                                 .count()) /
         1e6;
}

std::string endpoint(const std::string& directory, int hop) {
  return "ipc://" + directory + "/hop" + std::to_string(hop);
}

struct Hop {
  void* context = zmq_ctx_new();
  void* in = nullptr;
  void* out = nullptr;
  void take(const std::string& where) {
    in = zmq_socket(context, ZMQ_PULL);
    check(zmq_bind(in, where.c_str()) == 0, "zmq_bind");
  }
  void give(const std::string& where) {
    out = zmq_socket(context, ZMQ_PUSH);
    check(zmq_connect(out, where.c_str()) == 0, "zmq_connect");
  }
};

void hop(const std::string& redis, const std::string& directory, int n, char* stamp) {
  Hop h;
  h.take(endpoint(directory, n));
  if (n < kHops) h.give(endpoint(directory, n + 1));
  Store store(redis);
  std::string file = directory + "/now", end = directory + "/out";
  char* argv[] = {stamp, file.data(), end.data(), nullptr};
  char* environment[] = {nullptr};
  for (;;) {
    char body[512];
    const int size = zmq_recv(h.in, body, sizeof body, 0);
    check(size >= 0, "zmq_recv");
    if (n < kHops) {
      store.commit(n, std::string(body, static_cast<std::size_t>(size)));
      zmq_send(h.out, body, static_cast<std::size_t>(size), 0);
    } else {
      pid_t child = 0;
      check(posix_spawn(&child, stamp, nullptr, nullptr, argv, environment) == 0, "posix_spawn");
      waitpid(child, nullptr, 0);
    }
  }
}

void intake(const std::string& redis, const std::string& directory, int listener) {
  Hop h;
  h.give(endpoint(directory, 1));
  Store store(redis);
  const int fd = accept(listener, nullptr, nullptr);
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  char request[16384];
  for (;;) {
    const auto size = read(fd, request, sizeof request);
    if (size <= 0) return;
    const std::string body(300, 'x');
    store.commit(0, body);
    zmq_send(h.out, body.data(), body.size(), 0);
    const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    check(write(fd, answer, sizeof answer - 1) > 0, "write");
  }
}

template <typename F>
pid_t child(F body) {
  const pid_t parent = getpid(), pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  try {
    body();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "headrace-bench-limits: %s\n", e.what());
    _exit(1);
  }
  _exit(0);
}

int chain(const std::string& redis, const std::string& directory, char* stamp, int samples) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  check(
      bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && listen(listener, 1) == 0,
      "listen");
  check(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0, "getsockname");
  std::vector<pid_t> children;
  for (int n = kHops; n >= 1; --n) children.push_back(child([&] { hop(redis, directory, n, stamp); }));
  children.push_back(child([&] { intake(redis, directory, listener); }));
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  check(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "connect");
  const std::string body(300, 'b');
  const std::string request = "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 300\r\n\r\n" + body;
  const std::string out = directory + "/out";
  for (int n = 0; n < samples; ++n) {
    unlink(out.c_str());
    const auto begin = now_ms();
    check(write(fd, request.data(), request.size()) > 0, "write");
    char answer[512];
    check(read(fd, answer, sizeof answer) > 0, "read");
    const auto replied = now_ms();
    while (access(out.c_str(), F_OK) != 0) std::this_thread::sleep_for(std::chrono::microseconds(300));
    double seconds = 0;
    std::ifstream(out) >> seconds;
    std::printf("%.3f %.3f\n", replied - begin, seconds * 1000 - begin);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  for (const pid_t pid : children) kill(pid, SIGKILL);
  for (const pid_t pid : children) waitpid(pid, nullptr, 0);
  return 0;
}

int spawn(double seconds) {
  std::atomic<int> count = 0;
  const auto begin = std::chrono::steady_clock::now();
  const auto passed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i)
    threads.emplace_back([&] {
      char name[] = "/bin/true";
      char* argv[] = {name, nullptr};
      char* environment[] = {nullptr};
      while (passed() < seconds) {
        pid_t pid = 0;
        if (posix_spawn(&pid, name, nullptr, nullptr, argv, environment) != 0) return;
        waitpid(pid, nullptr, 0);
        ++count;
      }
    });
  for (auto& t : threads) t.join();
  std::printf("%.0f\n", count / passed());
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "chain" && argc == 6) return chain(argv[2], argv[3], argv[4], std::atoi(argv[5]));
  if (what == "spawn" && argc == 3) return spawn(std::atof(argv[2]));
  std::fprintf(stderr,
               "usage: headrace-bench-limits chain REDIS_SOCKET DIRECTORY STAMP SAMPLES | spawn SECONDS\n");
  return 2;
} catch (const std::exception& e) {
  std::fprintf(stderr, "headrace-bench-limits: %s\n", e.what());
  return 1;
}
