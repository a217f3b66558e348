// SPDX-License-Identifier: Apache-2.0
#include "service/key_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace headrace::service {

Result<bus::KeyPair> read_key_file(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return fail("key file " + path + ": " + std::strerror(errno));
  if (info.st_mode & 0077)
    return fail("key file " + path + " can be read by others; its mode must be 0600 or 0400");
  std::ifstream in(path);
  bus::KeyPair out;
  std::string word, value;
  while (in >> word >> value) {
    if (word == "public") out.public_key = value;
    if (word == "secret") out.secret_key = value;
  }
  if (out.public_key.size() != 40 || out.secret_key.size() != 40)
    return fail("key file " + path + " does not hold `public` and `secret`, 40 characters each");
  return out;
}

Result<bus::KeyPair> make_key_file(const std::string& path) {
  const auto pair = bus::new_key_pair();
  const std::string text = "public " + pair.public_key + "\nsecret " + pair.secret_key + "\n";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return fail("key file " + path + ": " + std::strerror(errno));
  const bool written =
      ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!written) return fail("key file " + path + ": " + std::strerror(error));
  return pair;
}

}  // namespace headrace::service
