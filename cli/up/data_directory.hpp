// SPDX-License-Identifier: Apache-2.0
// The data directory of one `up`: made, locked, and cleared of what an earlier life left.
#pragma once

#include <string>

namespace headrace::cli {

class DataDirectory {
 public:
  /// Makes `path` and its folders, closed to other users, closes those that an earlier version left open, and
  /// locks it (flock: gone with this process, however it ends).
  /// Throws UsageError naming the holder's pid when another `up` has it, or the path when it cannot be made.
  explicit DataDirectory(const std::string& path);
  /// Removes what was only true while `up` ran: control file, pid files, the runtime directory.
  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;

  /// Ends what a killed `up` left running: processes of its pid files that are ours by program and by
  /// their arguments. They are ending by themselves, because the pipe to `up` has closed. SIGTERM, and
  /// SIGKILL after 10 s.
  void end_leftovers();

  /// Makes the short directory for sockets (mode 0700), below $XDG_RUNTIME_DIR or /tmp, and removes the one
  /// of an earlier life. @return its path
  std::string make_runtime_directory();

  const std::string& path() const { return path_; }

 private:
  void remove_runtime_directory();

  std::string path_;  // absolute
  int lock_ = -1;
};

}  // namespace headrace::cli
