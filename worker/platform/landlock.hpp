// SPDX-License-Identifier: Apache-2.0
// Rules of Landlock: a process that takes them on sees only the places that they name, and so does everything
// that it starts; it cannot trace processes outside of them, nor change what is mounted, nor (Linux 6.12)
// signal others. Needs no rights. Source: Documentation/userspace-api/landlock.rst of Linux.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace headrace::worker::platform {

/// The kernel's version of Landlock; 0: it has none, or does not use it. 1: files; 2: renames between
/// directories too; 3: truncating; 5: ioctl of devices; 6: signals.
int landlock_version();

class LandlockRules {
 public:
  enum class Access { read, write, device };

  /// @return nothing, and errno, where it cannot be
  static std::optional<LandlockRules> make();
  LandlockRules(LandlockRules&& other) noexcept : version_(other.version_), fd_(other.fd_) { other.fd_ = -1; }
  LandlockRules& operator=(LandlockRules&&) = delete;
  ~LandlockRules();

  /// Allows everything below `path`, or the file; what is not there is passed over.
  /// read: reads, lists and runs. write: everything, but devices cannot be made. device: reads and writes.
  void allow(const std::string& path, Access access) const;
  /// For take_on().
  int fd() const { return fd_; }
  /// The calling process takes them on, for ever; only system calls. @return 0 or errno
  static int take_on(int fd);

 private:
  LandlockRules(int version, int fd) : version_(version), fd_(fd) {}
  int version_;
  int fd_;
};

}  // namespace headrace::worker::platform
