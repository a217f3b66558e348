// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "logchunk/chunk.hpp"
#include "logstore/layout.hpp"
#include "logstore/log_file.hpp"

namespace headrace::logstore {
namespace fs = std::filesystem;
namespace {

Result<std::string> read_at(int fd, std::uint64_t offset, std::size_t size, const fs::path& path) {
  std::string bytes(size, '\0');
  for (std::size_t done = 0; done < size;) {
    const ssize_t n = ::pread(fd, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail("cannot read log file " + path.string() + ": " + std::strerror(errno));
    if (n == 0) return fail("log file " + path.string() + " is cut short");
    done += static_cast<std::size_t>(n);
  }
  return bytes;
}

}  // namespace

Reader::Reader(Reader&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      index_(std::move(other.index_)),
      index_offset_(other.index_offset_),
      totals_(other.totals_) {}

Reader& Reader::operator=(Reader&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(index_, other.index_);
  std::swap(index_offset_, other.index_offset_);
  std::swap(totals_, other.totals_);
  return *this;
}

Reader::~Reader() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Reader> Reader::open(const fs::path& path) {
  Reader r;
  r.path_ = path;
  r.fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (r.fd_ < 0) return fail("cannot open log file " + path.string() + ": " + std::strerror(errno));
  struct stat st {};
  if (::fstat(r.fd_, &st)) return fail("cannot read log file " + path.string() + ": " + std::strerror(errno));
  const auto size = static_cast<std::uint64_t>(st.st_size);
  const auto damaged = [&](const char* why) {
    return fail("log file " + path.string() + " is damaged: " + why);
  };
  if (size < kHeader.size() + kFooterBytes) return damaged("too short");

  const auto header = read_at(r.fd_, 0, kHeader.size(), path);
  if (!header) return tl::unexpected(header.error());
  if (*header != kHeader) return fail(path.string() + " is no log file of this version");
  const auto footer = read_at(r.fd_, size - kFooterBytes, kFooterBytes, path);
  if (!footer) return tl::unexpected(footer.error());
  if (footer->substr(48) != kFooterMark) return damaged("its end is missing");

  const std::uint64_t index_offset = get_u64(*footer, 0), chunks = get_u64(*footer, 8);
  if (index_offset < kHeader.size() || index_offset > size - kFooterBytes ||
      (size - kFooterBytes - index_offset) / kEntryBytes != chunks ||
      (size - kFooterBytes - index_offset) % kEntryBytes != 0)
    return damaged("its index does not fit");
  const auto index = read_at(r.fd_, index_offset, chunks * kEntryBytes, path);
  if (!index) return tl::unexpected(index.error());
  if (logchunk::crc32(logchunk::crc32(0, *index), footer->substr(0, 40)) != get_u64(*footer, 40))
    return damaged("its index fails the checksum");

  r.index_offset_ = static_cast<std::int64_t>(index_offset);
  r.totals_ = {static_cast<std::int64_t>(chunks), static_cast<std::int64_t>(get_u64(*footer, 16)),
               static_cast<std::int64_t>(get_u64(*footer, 24)),
               static_cast<std::uint32_t>(get_u64(*footer, 32))};
  r.index_.reserve(chunks);
  for (std::size_t at = 0; at < index->size(); at += kEntryBytes)
    r.index_.push_back({static_cast<std::int64_t>(get_u64(*index, at + 8)),
                        static_cast<std::int64_t>(get_u64(*index, at + 16)),
                        static_cast<std::int64_t>(get_u64(*index, at))});
  return r;
}

Result<Reader> Reader::open(const fs::path& store, const LogId& key, const std::optional<Known>& known) {
  auto reader = open(path_of(store, key));
  if (reader || !key.started_ms || !known) return reader;
  const auto old_path = path_of(store, {key.build, key.step, key.log});
  std::error_code ignored;
  if (!fs::exists(old_path, ignored)) return reader;
  auto old = open(old_path);
  if (old && (old->totals().lines != known->lines || old->totals().size_bytes != known->size_bytes))
    return fail("log file " + old_path.string() + " is of another build with this number");
  return old;
}

std::size_t Reader::chunk_of_line(std::int64_t line) const {
  if (line < 0 || line >= totals_.lines) return index_.size();
  const auto after = std::upper_bound(index_.begin(), index_.end(), line,
                                      [](std::int64_t l, const Entry& e) { return l < e.first_line; });
  return static_cast<std::size_t>(after - index_.begin()) - 1;
}

std::size_t Reader::chunk_of_offset(std::int64_t offset) const {
  if (offset < 0 || offset >= totals_.size_bytes) return index_.size();
  const auto after = std::upper_bound(index_.begin(), index_.end(), offset,
                                      [](std::int64_t o, const Entry& e) { return o < e.text_offset; });
  return static_cast<std::size_t>(after - index_.begin()) - 1;
}

Result<std::string> Reader::chunk(std::size_t number) const {
  if (number >= index_.size())
    return fail("log file " + path_.string() + " has " + std::to_string(index_.size()) +
                " chunks, not one numbered " + std::to_string(number));
  const std::int64_t from = index_[number].file_offset;
  const std::int64_t to = number + 1 < index_.size() ? index_[number + 1].file_offset : index_offset_;
  if (from < 0 || to < from || to > index_offset_)
    return fail("log file " + path_.string() + " is damaged: its index is not in order");
  return read_at(fd_, static_cast<std::uint64_t>(from), static_cast<std::size_t>(to - from), path_);
}

}  // namespace headrace::logstore
