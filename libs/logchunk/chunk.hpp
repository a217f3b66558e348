// SPDX-License-Identifier: Apache-2.0
// How the text of a build log is framed, cut into chunks and compressed. Worker, dispatcher, web and the log
// store use the same form, so a chunk is made once, in the worker, and stored unchanged.
//
// Framed text: lines, each `<channel><bytes>\n`. The channel is one letter: o stdout, e stderr, h header
// (what Headrace says), t text. A capital letter marks a line after which the step wrote no newline: the line
// was longer than kMaxLine (the rest follows in the next line of its channel), or it was the unfinished last
// line. From this the exact bytes of every channel can be restored. Sizes, offsets and the CRC-32 (zlib's) of
// a log are those of the framed text; line numbers count framed lines, from 0.
//
// Chunk: an encoded header (raw size, number of lines, times of the lines, compressed or not) and the
// text, zstd level 1. The framed text of a chunk is at most kMaxChunk bytes and ends at a line's end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "result/result.hpp"

namespace headrace::logchunk {

inline constexpr std::size_t kMaxLine = 60'000;   ///< bytes of one framed line, letter and newline included
inline constexpr std::size_t kMaxChunk = 65'000;  ///< framed bytes; a Redis value of 64 KiB costs 80 KiB
inline constexpr std::size_t kMaxMarks =
    400;  ///< times of a chunk that is made here; each takes up to 12 bytes
/// Bytes of an encoded chunk, as far as it is taken: by decode(), and by the store.
inline constexpr std::size_t kMaxEncoded = 70'000;

/// From line `first_line` of the chunk on, lines were written at `at_ms` (epoch).
struct TimeMark {
  std::int64_t first_line = 0;
  std::int64_t at_ms = 0;
  bool operator==(const TimeMark&) const = default;
};

/// A decoded chunk.
struct Chunk {
  std::string text;  ///< framed
  std::int64_t lines = 0;
  std::vector<TimeMark> times;
};

/// The framed text, its lines and their times as one compressed value.
/// @param text  framed, whole lines, 1 … kMaxChunk bytes
std::string encode(std::string_view text, std::int64_t lines, const std::vector<TimeMark>& times);

/// Errors: truncated, wrong sizes, more than kMaxEncoded bytes, or than kMaxChunk when unpacked, line count
/// that does not match.
[[nodiscard]] Result<Chunk> decode(std::string_view chunk);

/// Size and lines of a chunk. `extent` reads them without unpacking the text, of a chunk that was checked
/// before.
struct Extent {
  std::int64_t size_bytes = 0;
  std::int64_t lines = 0;
};
[[nodiscard]] Result<Extent> extent(std::string_view chunk);

/// CRC-32 of `text` continued from `crc` (0 at the start of a log).
std::uint32_t crc32(std::uint32_t crc, std::string_view text);

/// What the step wrote to the channels in `channels` (lower-case letters, e.g. "oe"), byte for byte.
std::string unframe(std::string_view framed, std::string_view channels);
/// Buildbot's form for REST: every framed line as `<lower-case channel><text>\n`.
std::string to_buildbot_lines(std::string_view framed);

}  // namespace headrace::logchunk
