// SPDX-License-Identifier: Apache-2.0
// The worker's base directory, held by one process at a time.
#pragma once

#include <string>

#include "result/result.hpp"

namespace headrace::worker::platform {

class BaseDirectory {
 public:
  /// Makes the directory and takes its lock (flock on `worker.lock`, gone with the process).
  /// Errors: it cannot be made or written; another worker holds it (named by its process id).
  static Result<BaseDirectory> take(const std::string& path);
  BaseDirectory(BaseDirectory&& other) noexcept;
  BaseDirectory& operator=(BaseDirectory&&) = delete;
  ~BaseDirectory();

  const std::string& path() const { return path_; }  ///< absolute, links resolved
  /// Stands for this directory in the environment of everything that runs below it: 16 hex digits.
  std::string marker() const;
  /// Notes that this life has begun.
  /// @return the instance of the last life here when it is certainly over, else "". It is when that life was
  ///         on this machine, since its last start: this process has the lock now.
  std::string begin_life(const std::string& instance) const;

 private:
  BaseDirectory(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::string path_;
  int fd_;
};

}  // namespace headrace::worker::platform
