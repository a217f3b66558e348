// SPDX-License-Identifier: Apache-2.0
// A finished build log as one file: `<dir>/<build/1000>/<build>.<step>.<log>.<started>.hrlog`. A Redis that
// has gone back gives numbers of builds a second time; when the build was started tells the two apart. In
// files of older versions the name is without it.
//
// The file has a header, the chunks as they came (libs/logchunk), an index (one entry a chunk) and a footer.
// It gets its name only when it is whole, so a reader never sees half a log. A file that was damaged later,
// or cut by a power failure before sync(), is recognised by the checksums of footer and index. The copy in
// Redis has to stay until sync() has returned. All numbers are little-endian.
//
// Whole files are immutable. Any number of processes may read them. Two writers of one log write the same
// bytes, and the later rename wins.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/ids.hpp"
#include "result/result.hpp"

namespace headrace::logstore {

/// Which log: `step` and `log` count from 0 as in wire::StepRecord and wire::LogRecord.
struct LogId {
  BuildId build;
  int step = 0;
  int log = 0;
  std::int64_t started_ms = 0;  ///< of the build, Redis's clock; 0: not known, then the name is without it
};

/// Where the log is, below the store's directory.
std::filesystem::path path_of(const std::filesystem::path& store, const LogId& key);

/// Extent of a log; `crc` is zlib's CRC-32 of the framed text.
struct Totals {
  std::int64_t chunks = 0;
  std::int64_t lines = 0;
  std::int64_t size_bytes = 0;
  std::uint32_t crc = 0;
};

/// Writes one log, chunk by chunk. Destroyed before `finish` it leaves nothing behind.
/// Throws std::runtime_error naming the file when the disk does not take it.
class Writer {
 public:
  Writer(std::filesystem::path store, const LogId& key);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Adds one chunk of logchunk::encode. Errors: a chunk that does not unpack; nothing of it is written.
  [[nodiscard]] Result<void> append(std::string_view chunk);
  /// Makes the log visible: index, footer, rename. Call once, last.
  Totals finish();
  const Totals& totals() const { return totals_; }
  /// Where the log is once it is finished.
  const std::filesystem::path& path() const { return path_; }

 private:
  void write(std::string_view bytes);
  void flush();

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int fd_ = -1;
  std::string pending_;  ///< bytes gathered for one write(2)
  std::string index_;
  std::uint64_t position_ = 0;
  Totals totals_;
};

/// Puts finished logs on disk, so that a power failure leaves them whole. For many files, one call that syncs
/// their file system is cheaper than one call a file. Throws std::runtime_error naming the file.
void sync(const std::filesystem::path& store, const std::vector<std::filesystem::path>& files);

/// What is known of a log elsewhere.
struct Known {
  std::int64_t lines = 0;
  std::int64_t size_bytes = 0;
};

/// One open log. Reading is stateless (pread): several threads may share a reader.
class Reader {
 public:
  /// What is known of one chunk without unpacking it.
  struct Entry {
    std::int64_t first_line = 0;
    std::int64_t text_offset = 0;  ///< in the framed text
    std::int64_t file_offset = 0;
  };

  /// Errors: no such file, not a log file, cut short, damaged; each names the path.
  [[nodiscard]] static Result<Reader> open(const std::filesystem::path& path);
  /// The log's file, or the one that an older version wrote. The latter may be of a build that had the number
  /// before: it is taken only when it is as long as is known of this log.
  [[nodiscard]] static Result<Reader> open(const std::filesystem::path& store, const LogId& key,
                                           const std::optional<Known>& known);
  Reader(Reader&& other) noexcept;
  Reader& operator=(Reader&& other) noexcept;
  ~Reader();

  const Totals& totals() const { return totals_; }
  const std::vector<Entry>& index() const { return index_; }
  /// The chunk that holds line `line`; index().size() when the log ends before it.
  std::size_t chunk_of_line(std::int64_t line) const;
  /// The chunk that holds byte `offset` of the framed text; index().size() past the end.
  std::size_t chunk_of_offset(std::int64_t offset) const;
  /// The encoded chunk `number`. Errors: the disk's.
  [[nodiscard]] Result<std::string> chunk(std::size_t number) const;

 private:
  Reader() = default;
  std::filesystem::path path_;
  int fd_ = -1;
  std::vector<Entry> index_;
  std::int64_t index_offset_ = 0;
  Totals totals_;
};

}  // namespace headrace::logstore
