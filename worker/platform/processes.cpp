// SPDX-License-Identifier: Apache-2.0
#include "worker/platform/processes.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <set>
#include <thread>

namespace headrace::worker::platform {
namespace {

/// The whole of a file of /proc; nothing when it cannot be read.
std::optional<std::string> read_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::string out;
  char buffer[4096];
  ssize_t n;
  while ((n = read(fd, buffer, sizeof buffer)) > 0) out.append(buffer, static_cast<std::size_t>(n));
  close(fd);
  if (n < 0) return std::nullopt;
  return out;
}

std::vector<pid_t> numbers_in(const std::string& folder) {
  std::vector<pid_t> out;
  DIR* dir = opendir(folder.c_str());
  if (!dir) return out;
  while (const dirent* entry = readdir(dir)) {
    pid_t pid = 0;
    const char* end = entry->d_name + std::strlen(entry->d_name);
    if (std::from_chars(entry->d_name, end, pid).ptr == end && pid > 0) out.push_back(pid);
  }
  closedir(dir);
  return out;
}

std::string proc(pid_t pid, const char* name) { return "/proc/" + std::to_string(pid) + "/" + name; }

}  // namespace

std::optional<Process> look_at(pid_t pid) {
  const auto text = read_file(proc(pid, "stat"));
  if (!text) return std::nullopt;
  // pid (name) state ppid pgrp session …; the name may hold blanks and parentheses.
  const auto after_name = text->rfind(") ");
  if (after_name == std::string::npos) return std::nullopt;
  Process p;
  p.pid = pid;
  int parent = 0, group = 0, session = 0;
  unsigned long long started = 0;
  const int got = std::sscanf(text->c_str() + after_name + 2,
                              "%c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                              &p.state, &parent, &group, &session, &started);
  if (got != 5) return std::nullopt;
  p.parent = parent;
  p.session = session;
  p.started = started;
  return p;
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> out;
  bool known = false;
  for (const pid_t thread : numbers_in(proc(pid, "task"))) {
    const auto text = read_file(proc(pid, "task/") + std::to_string(thread) + "/children");
    if (!text) continue;
    known = true;
    const char* at = text->data();
    const char* const end = at + text->size();
    while (at < end) {
      pid_t child = 0;
      const auto r = std::from_chars(at, end, child);
      if (r.ec == std::errc() && child > 0) out.push_back(child);
      at = r.ptr + 1;
    }
  }
  if (known) return out;
  for (const pid_t other : all_processes()) {
    const auto p = look_at(other);
    if (p && p->parent == pid) out.push_back(other);
  }
  return out;
}

std::vector<Process> tree_of(pid_t pid) {
  std::vector<Process> out;
  std::vector<pid_t> todo = {pid};
  std::set<pid_t> seen;
  while (!todo.empty()) {
    const pid_t next = todo.back();
    todo.pop_back();
    if (!seen.insert(next).second) continue;
    const auto p = look_at(next);
    if (!p) continue;
    if (p->state != 'Z' && p->state != 'X') out.push_back(*p);
    for (const pid_t child : children_of(next)) todo.push_back(child);
  }
  return out;
}

std::vector<pid_t> all_processes() { return numbers_in("/proc"); }

std::optional<std::string> environment_value(pid_t pid, std::string_view name) {
  const auto text = read_file(proc(pid, "environ"));
  if (!text) return std::nullopt;
  const std::string wanted = std::string(name) + "=";
  for (std::size_t at = 0; at < text->size();) {
    const auto end = std::min(text->find('\0', at), text->size());
    if (text->compare(at, wanted.size(), wanted) == 0)
      return text->substr(at + wanted.size(), end - at - wanted.size());
    at = end + 1;
  }
  return std::nullopt;
}

std::string working_directory(pid_t pid) {
  char buffer[4096];
  const ssize_t n = readlink(proc(pid, "cwd").c_str(), buffer, sizeof buffer);
  return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : "";
}

void send_signal(const Process& process, int signal) {
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0));
  if (fd < 0) {
    if (errno == ENOSYS) kill(process.pid, signal);
    return;
  }
  // The descriptor holds on to a process; is it still the one that was meant?
  const auto now = look_at(process.pid);
  if (now && now->started == process.started) syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0);
  close(fd);
}

int kill_marked(std::string_view name, std::string_view value) {
  std::set<std::pair<pid_t, std::uint64_t>> found;
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (std::chrono::steady_clock::now() < give_up) {
    bool any = false;
    for (const pid_t pid : all_processes()) {
      if (pid == getpid() || environment_value(pid, name) != value) continue;
      for (const auto& p : tree_of(pid)) {
        if (p.pid == getpid()) continue;
        any = true;
        found.insert({p.pid, p.started});
        send_signal(p, SIGKILL);
      }
    }
    if (!any) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return static_cast<int>(found.size());
}

}  // namespace headrace::worker::platform
