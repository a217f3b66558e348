// SPDX-License-Identifier: Apache-2.0
#include "cli/up/log_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace headrace::cli {
namespace fs = std::filesystem;

namespace {
bool is_full(const std::string& path, long full_bytes) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return !error && size > static_cast<std::uintmax_t>(full_bytes);
}
}  // namespace

int open_log_file(const std::string& path) {
  std::error_code ignored;
  if (is_full(path, kLogFileBytes)) fs::rename(path, path + ".1", ignored);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) throw std::runtime_error("cannot write " + path + ": " + std::strerror(errno));
  return fd;
}

void rotate_open_log_file(const std::string& path, long full_bytes) {
  if (!is_full(path, full_bytes)) return;
  std::error_code error;
  fs::copy_file(path, path + ".1", fs::copy_options::overwrite_existing, error);
  fs::resize_file(path, 0, error);  // also when the copy failed: a full disk is what this prevents
}

std::string last_lines(const std::string& path, int most) {
  constexpr long kTail = 8192;
  std::ifstream in(path);
  in.seekg(0, std::ios::end);
  in.seekg(std::max<std::streamoff>(0, static_cast<std::streamoff>(in.tellg()) - kTail));
  std::deque<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
    if (lines.size() > static_cast<std::size_t>(most)) lines.pop_front();
  }
  std::string out;
  for (const auto& line : lines) out += line + "\n";
  return out;
}

}  // namespace headrace::cli
