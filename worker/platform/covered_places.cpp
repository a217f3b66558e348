// SPDX-License-Identifier: Apache-2.0
#include "worker/platform/covered_places.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>

namespace headrace::worker::platform {
namespace {

namespace fs = std::filesystem;
constexpr unsigned long kBare = MS_NOSUID | MS_NODEV | MS_NOEXEC;

bool write_text(const char* path, const std::string& text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return written;
}

bool unshare_all() {
  const auto user = std::to_string(geteuid()), group = std::to_string(getegid());
  if (geteuid() == 0) return unshare(CLONE_NEWNS) == 0;
  return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_text("/proc/self/setgroups", "deny") &&
         write_text("/proc/self/uid_map", user + " " + user + " 1") &&
         write_text("/proc/self/gid_map", group + " " + group + " 1");
}

bool cover(const std::string& place, const std::string& kept, int kept_fd) {
  struct stat s {};
  if (lstat(place.c_str(), &s) != 0) return true;
  if (!S_ISDIR(s.st_mode)) return mount("/dev/null", place.c_str(), nullptr, MS_BIND, nullptr) == 0;
  if (mount("tmpfs", place.c_str(), "tmpfs", kBare, "mode=0755,size=64k,nr_inodes=64") != 0) return false;
  if (kept.starts_with(place + "/")) {
    std::error_code error;
    fs::create_directories(kept, error);
    const std::string source = "/proc/self/fd/" + std::to_string(kept_fd);
    if (error || mount(source.c_str(), kept.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) return false;
  }
  return mount(nullptr, place.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | kBare, nullptr) == 0;
}

// In a process of its own. @return errno, 0: done
int cover_all(const std::vector<std::string>& hidden, const std::string& kept) {
  if (!unshare_all() || mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return errno;
  const int kept_fd = open(kept.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);  // in this namespace
  umask(022);
  for (const auto& place : hidden) {
    std::error_code error;
    const auto real = fs::canonical(place, error);
    if (!error && !cover(real.string(), kept, kept_fd)) return errno != 0 ? errno : EINVAL;
  }
  return 0;
}

}  // namespace

std::optional<CoveredPlaces> CoveredPlaces::make(const std::vector<std::string>& hidden,
                                                 const std::string& kept) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  const pid_t maker = fork();
  if (maker == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int error = cover_all(hidden, kept);
    if (write(ends[1], &error, sizeof error) != sizeof error || error != 0) _exit(1);
    while (true) pause();  // the namespaces live until somebody holds them
  }
  close(ends[1]);
  int error = maker < 0 ? errno : EPERM, user = -1, mounts = -1;
  if (maker > 0 && read(ends[0], &error, sizeof error) == sizeof error && error == 0) {
    const std::string folder = "/proc/" + std::to_string(maker) + "/ns/";
    mounts = open((folder + "mnt").c_str(), O_RDONLY | O_CLOEXEC);
    if (geteuid() != 0) user = open((folder + "user").c_str(), O_RDONLY | O_CLOEXEC);
    if (mounts < 0 || (geteuid() != 0 && user < 0)) error = errno;
  }
  close(ends[0]);
  if (maker > 0) {
    kill(maker, SIGKILL);
    while (waitpid(maker, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  CoveredPlaces places(user, mounts);
  errno = error;
  if (error != 0) return std::nullopt;
  return places;
}

CoveredPlaces::~CoveredPlaces() {
  const int error = errno;
  if (user_ >= 0) close(user_);
  if (mounts_ >= 0) close(mounts_);
  errno = error;
}

int CoveredPlaces::enter(int user, int mounts) {
  if (user >= 0 && setns(user, CLONE_NEWUSER) != 0) return errno;
  if (mounts >= 0 && setns(mounts, CLONE_NEWNS) != 0) return errno;
  return 0;
}

}  // namespace headrace::worker::platform
