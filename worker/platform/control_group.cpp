// SPDX-License-Identifier: Apache-2.0
#include "worker/platform/control_group.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace headrace::worker::platform {
namespace {

namespace fs = std::filesystem;

bool write_word(const std::string& path, const std::string& word) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = write(fd, word.data(), word.size()) == static_cast<ssize_t>(word.size());
  close(fd);
  return written;
}

// "…:0::/user.slice/x" of /proc/self/cgroup, below the mount of type cgroup2.
std::string own_group() {
  std::string group, mount;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);)
    if (line.starts_with("0::")) group = line.substr(3);
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; mount.empty() && std::getline(mounts, line);) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream words(line);
    std::string word;
    for (int i = 0; i < 5; ++i) words >> word;  // the fifth is the place
    mount = word;
  }
  if (group.empty() || mount.empty()) return "";
  return group == "/" ? mount : mount + group;
}

// The numbers in a group and the groups below it.
int processes_in(const std::string& path) {
  std::error_code error;
  int count = 0;
  std::ifstream file(path + "/cgroup.procs");
  for (std::string line; std::getline(file, line);) ++count;
  for (const auto& entry : fs::directory_iterator(path, error))
    if (entry.is_directory(error)) count += processes_in(entry.path());
  return count;
}

}  // namespace

std::optional<ControlGroup> ControlGroup::make(const std::string& name) {
  const std::string own = own_group();
  if (own.empty()) return std::nullopt;
  return ControlGroup(own).make_inside(name);
}

std::optional<ControlGroup> ControlGroup::make_inside(const std::string& name) const {
  ControlGroup group(path_ + "/" + name);
  if (mkdir(group.path_.c_str(), 0755) != 0 && errno != EEXIST) return std::nullopt;
  if (access((group.path_ + "/cgroup.kill").c_str(), W_OK) != 0 ||
      access((group.path_ + "/cgroup.procs").c_str(), W_OK) != 0) {
    group.remove();
    return std::nullopt;
  }
  return group;
}

bool ControlGroup::add(pid_t pid) const { return write_word(path_ + "/cgroup.procs", std::to_string(pid)); }

int ControlGroup::kill() const {
  const int count = processes_in(path_);
  if (count == 0) return 0;
  write_word(path_ + "/cgroup.kill", "1");
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (processes_in(path_) > 0 && std::chrono::steady_clock::now() < give_up)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return count;
}

void ControlGroup::remove() const {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path_, error))
    if (entry.is_directory(error)) ControlGroup(entry.path()).remove();
  rmdir(path_.c_str());
}

}  // namespace headrace::worker::platform
