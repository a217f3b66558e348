// SPDX-License-Identifier: Apache-2.0
#include "cli/up/private_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace headrace::cli {

void write_private_file(const std::string& path, const std::string& text) {
  const auto temporary = path + ".new";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool good = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  int error = errno;
  if (fd >= 0) ::close(fd);
  if (good && ::rename(temporary.c_str(), path.c_str()) == 0) return;
  if (good) error = errno;
  throw std::runtime_error("cannot write " + path + ": " + std::strerror(error));
}

}  // namespace headrace::cli
