// SPDX-License-Identifier: Apache-2.0
#include "process/private_files.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace headrace::process {
namespace {

namespace fs = std::filesystem;
constexpr mode_t kOthers = 077;

bool close_one(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return errno == ENOENT;
  if (S_ISLNK(info.st_mode) || !(info.st_mode & kOthers)) return true;
  return ::chmod(path.c_str(), info.st_mode & 07777 & ~kOthers) == 0;
}

}  // namespace

mode_t make_files_private() { return ::umask(kOthers); }

std::string close_to_others(const std::string& folder, Depth depth) {
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0 || !(info.st_mode & kOthers)) return "";
  // The folder comes first: from here on nobody gets to what is in it.
  if (::chmod(folder.c_str(), info.st_mode & 07777 & ~kOthers) != 0)
    return folder + " stays open to other users: " + std::strerror(errno);
  if (depth == Depth::folder) return "";
  std::error_code error;
  std::string open;
  for (fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied, error), end;
       !error && it != end; it.increment(error))
    if (!close_one(it->path().string()) && open.empty())
      open = it->path().string() + " stays open to other users: " + std::strerror(errno);
  return open;
}

}  // namespace headrace::process
