// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <set>
#include <stdexcept>

#include "logchunk/chunk.hpp"
#include "logstore/layout.hpp"
#include "logstore/log_file.hpp"

namespace headrace::logstore {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kGather = 1u << 20;  // bytes a write(2)

[[noreturn]] void give_up(const std::string& what, const fs::path& path) {
  throw std::runtime_error("log store: cannot " + what + " " + path.string() + ": " + std::strerror(errno));
}

constexpr std::size_t kMany = 8;  // files from which on the whole file system is synced

// For files and directories alike: without the sync of its directory, the rename of a file could be lost.
void sync_one(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) give_up("open", path);
  const int failed = ::fsync(fd);
  ::close(fd);
  if (failed) give_up("sync", path);
}

void sync_file_system(const fs::path& store) {
  const int fd = ::open(store.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) give_up("open", store);
  const int failed = ::syncfs(fd);
  ::close(fd);
  if (failed) give_up("sync", store);
}

std::string footer(std::uint64_t index_offset, std::string_view index, const Totals& totals) {
  std::string out;
  put_u64(out, index_offset);
  put_u64(out, static_cast<std::uint64_t>(totals.chunks));
  put_u64(out, static_cast<std::uint64_t>(totals.lines));
  put_u64(out, static_cast<std::uint64_t>(totals.size_bytes));
  put_u64(out, totals.crc);
  // The checksum covers the index and the five numbers before it.
  put_u64(out, logchunk::crc32(logchunk::crc32(0, index), out));
  out += kFooterMark;
  return out;
}

}  // namespace

fs::path path_of(const fs::path& store, const LogId& key) {
  return store / std::to_string(key.build.value / 1000) /
         (std::to_string(key.build.value) + "." + std::to_string(key.step) + "." + std::to_string(key.log) +
          (key.started_ms ? "." + std::to_string(key.started_ms) : "") + ".hrlog");
}

Writer::Writer(fs::path store, const LogId& key) : path_(path_of(store, key)) {
  static std::atomic<unsigned> count{0};
  temporary_ = path_;
  temporary_ += ".tmp." + std::to_string(::getpid()) + "." + std::to_string(++count);
  const auto create = [this] {
    return ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  };
  fd_ = create();
  if (fd_ < 0 && errno == ENOENT) {
    std::error_code failed;
    fs::create_directories(path_.parent_path(), failed);
    if (failed)
      throw std::runtime_error("log store: cannot make " + path_.parent_path().string() + ": " +
                               failed.message());
    fd_ = create();
  }
  if (fd_ < 0) give_up("create", temporary_);
  write(kHeader);
}

Writer::~Writer() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

void Writer::write(std::string_view bytes) {
  pending_ += bytes;
  position_ += bytes.size();
  if (pending_.size() >= kGather) flush();
}

void Writer::flush() {
  for (std::size_t done = 0; done < pending_.size();) {
    const ssize_t n = ::write(fd_, pending_.data() + done, pending_.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) give_up("write", temporary_);
    done += static_cast<std::size_t>(n);
  }
  pending_.clear();
}

Result<void> Writer::append(std::string_view chunk) {
  auto decoded = logchunk::decode(chunk);
  if (!decoded)
    return fail("chunk " + std::to_string(totals_.chunks) + " of " + path_.string() + ": " +
                decoded.error().text);
  put_u64(index_, position_);
  put_u64(index_, static_cast<std::uint64_t>(totals_.lines));
  put_u64(index_, static_cast<std::uint64_t>(totals_.size_bytes));
  write(chunk);
  totals_.chunks += 1;
  totals_.lines += decoded->lines;
  totals_.size_bytes += static_cast<std::int64_t>(decoded->text.size());
  totals_.crc = logchunk::crc32(totals_.crc, decoded->text);
  return {};
}

Totals Writer::finish() {
  const std::uint64_t index_offset = position_;
  const std::string end = footer(index_offset, index_, totals_);
  write(index_);
  write(end);
  flush();
  if (::rename(temporary_.c_str(), path_.c_str())) give_up("name", path_);
  ::close(std::exchange(fd_, -1));
  return totals_;
}

void sync(const fs::path& store, const std::vector<fs::path>& files) {
  if (files.size() >= kMany) return sync_file_system(store);
  std::set<fs::path> directories;
  for (const auto& file : files) {
    sync_one(file);
    directories.insert(file.parent_path());
  }
  for (const auto& directory : directories) sync_one(directory);
}

}  // namespace headrace::logstore
