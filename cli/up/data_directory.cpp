// SPDX-License-Identifier: Apache-2.0
#include "cli/up/data_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>
#include <vector>

#include "cli/command.hpp"
#include "cli/up/settings.hpp"
#include "clock/clock.hpp"
#include "process/private_files.hpp"

namespace headrace::cli {
namespace {

namespace fs = std::filesystem;
constexpr seconds kLeftoverLimit{10};
constexpr milliseconds kLook{20};
constexpr std::size_t kLongestRuntimeParent = 60;  // leaves room for "/headrace-XXXXXX/status.<name>.sock"
constexpr const char* kRuntimeName = "headrace-";

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Whether `pid` runs one of our programs on this data directory. Process ids are reused, so a pid file
// alone proves nothing.
bool is_ours(pid_t pid, const std::string& data) {
  std::error_code error;
  auto exe = fs::read_symlink("/proc/" + std::to_string(pid) + "/exe", error).filename().string();
  if (error || (!exe.starts_with("headrace") && !exe.starts_with("redis"))) return false;
  return whole("/proc/" + std::to_string(pid) + "/cmdline").find(data + "/") != std::string::npos;
}

}  // namespace

std::string file_name_of(const std::string& worker) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const unsigned char c : worker) {
    if (std::isalnum(c) || c == '_' || c == '-' || (c == '.' && !out.empty())) {
      out += static_cast<char>(c);
    } else {
      out += '%', out += kHex[c >> 4], out += kHex[c & 15];
    }
  }
  return out;
}

DataDirectory::DataDirectory(const std::string& path) {
  std::error_code error;
  for (const char* folder : {"", "/run", "/log", "/keys", "/redis", "/workers", "/logs", "/web"}) {
    fs::create_directories(path + folder, error);
    if (error) throw UsageError("--data: cannot make " + path + folder + ": " + error.message());
  }
  path_ = fs::canonical(path).string();
  // `path` itself may be a folder that others need, as a home is.
  for (const char* folder : {"/run", "/log", "/keys", "/redis", "/logs", "/web"})
    if (const auto open = process::close_to_others(path_ + folder, process::Depth::tree); !open.empty())
      std::cerr << "headrace: " << open << std::endl;
  // What builds made keeps the modes that their steps gave it.
  for (const char* folder : {"/workers", "/pollers"})
    process::close_to_others(path_ + folder, process::Depth::folder);

  const auto file = path_ + "/run/lock";
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) throw UsageError("--data: cannot open " + file + ": " + std::strerror(errno));
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    const auto holder = first_line(file);
    ::close(lock_);
    throw UsageError("another `headrace up` has " + path_ + (holder.empty() ? "" : ", process " + holder));
  }
  const auto pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock_, 0) != 0 ||
      ::write(lock_, pid.data(), pid.size()) != static_cast<ssize_t>(pid.size()))
    throw UsageError("--data: cannot write " + file + ": " + std::strerror(errno));
  std::ofstream(path_ + "/run/up.pid") << pid;
}

DataDirectory::~DataDirectory() {
  remove_runtime_directory();
  std::error_code ignored;
  fs::remove(path_ + "/run/control", ignored);
  fs::remove(path_ + "/run/up.pid", ignored);
  // The lock's file stays: removing it would let two processes lock two files of the same name.
  ::close(lock_);
}

void DataDirectory::end_leftovers() {
  std::vector<pid_t> left;
  for (const auto& entry : fs::directory_iterator(path_ + "/run")) {
    if (entry.path().extension() != ".pid" || entry.path().stem() == "up") continue;
    const auto pid = static_cast<pid_t>(std::atol(first_line(entry.path()).c_str()));
    if (pid > 1 && is_ours(pid, path_)) left.push_back(pid);
    std::error_code ignored;
    fs::remove(entry.path(), ignored);
  }
  for (const auto pid : left) ::kill(pid, SIGTERM);
  const auto end = mono_now() + kLeftoverLimit;
  bool killed = false;
  while (true) {
    std::erase_if(left, [this](pid_t pid) { return !is_ours(pid, path_); });
    if (left.empty()) return;
    if (mono_now() > end && !killed) {
      for (const auto pid : left) ::kill(pid, SIGKILL);
      killed = true;
    }
    std::this_thread::sleep_for(kLook);
  }
}

void DataDirectory::remove_runtime_directory() {
  const auto record = path_ + "/run/runtime";
  const auto old = first_line(record);
  std::error_code ignored;
  // The file is ours, but what gets deleted recursively should look like ours too.
  if (fs::path(old).filename().string().starts_with(kRuntimeName)) fs::remove_all(old, ignored);
  fs::remove(record, ignored);
}

std::string DataDirectory::make_runtime_directory() {
  remove_runtime_directory();
  const char* wanted = std::getenv("XDG_RUNTIME_DIR");
  std::string parent =
      wanted && *wanted == '/' && std::strlen(wanted) <= kLongestRuntimeParent ? wanted : "/tmp";
  if (::access(parent.c_str(), W_OK) != 0) parent = "/tmp";
  std::string path = parent + "/" + kRuntimeName + "XXXXXX";
  if (!::mkdtemp(path.data()))
    throw std::runtime_error("cannot make a directory for sockets in " + parent + ": " +
                             std::strerror(errno));
  std::ofstream(path_ + "/run/runtime") << path << "\n";
  return path;
}

}  // namespace headrace::cli
