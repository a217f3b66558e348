// SPDX-License-Identifier: Apache-2.0
#include "worker/platform/base_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace headrace::worker::platform {

namespace {

// What a copy of the directory, or the same directory at another machine, does not have.
std::string place_of(const std::string& file) {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  struct stat s {};
  if (boot.empty() || stat(file.c_str(), &s) != 0) return "";
  return boot + " " + std::to_string(s.st_dev) + ":" + std::to_string(s.st_ino);
}

}  // namespace

Result<BaseDirectory> BaseDirectory::take(const std::string& given) {
  std::error_code error;
  std::filesystem::create_directories(given, error);
  if (error) return fail("base directory '" + given + "' cannot be made: " + error.message());
  const std::string path = std::filesystem::canonical(given, error).string();
  if (error) return fail("base directory '" + given + "': " + error.message());
  const std::string lock = path + "/worker.lock";
  const int fd = open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail("'" + lock + "' cannot be written: " + std::strerror(errno));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    const ssize_t n = read(fd, holder, sizeof holder - 1);
    close(fd);
    std::string who = n > 0 ? " (process " + std::string(holder, strcspn(holder, "\n")) + ")" : "";
    return fail("base directory '" + path + "' is in use by another headrace-worker" + who);
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    // Only the name of the holder is lost (a full disk, most likely); the lock holds.
  }
  return BaseDirectory(path, fd);
}

BaseDirectory::BaseDirectory(BaseDirectory&& other) noexcept : path_(std::move(other.path_)), fd_(other.fd_) {
  other.fd_ = -1;
}

BaseDirectory::~BaseDirectory() {
  if (fd_ >= 0) close(fd_);
}

std::string BaseDirectory::begin_life(const std::string& instance) const {
  const std::string file = path_ + "/worker.life";
  std::string last, place;
  std::ifstream in(file);
  std::getline(in, last);
  std::getline(in, place);
  const bool over = !place.empty() && place == place_of(file) && last.size() == 16 &&
                    last.find_first_not_of("0123456789abcdef") == std::string::npos;
  std::ofstream out(file, std::ios::trunc);
  out << instance << "\n" << std::flush << place_of(file) << "\n";
  return over ? last : "";
}

std::string BaseDirectory::marker() const {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a: stable over versions, unlike std::hash
  for (const unsigned char c : path_) hash = (hash ^ c) * 1099511628211u;
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

}  // namespace headrace::worker::platform
