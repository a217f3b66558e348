// SPDX-License-Identifier: Apache-2.0
// Turns what a step writes into framed lines (chunk.hpp) and chunks, byte for byte reversible.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clock/clock.hpp"
#include "logchunk/chunk.hpp"

namespace headrace::logchunk {

/// A part of the build log that is ready to be stored.
struct Piece {
  std::int64_t offset_bytes = 0;  ///< of its first byte in the framed log
  std::int64_t size_bytes = 0;    ///< framed
  std::int64_t lines = 0;
  std::string chunk;  ///< encoded
};

/// The framer of one build log. Each channel gathers its own line, so that lines of stdout and stderr do not
/// mix. An unfinished line is held until its newline comes, it is kMaxLine long, or `flush_partial` is
/// called.
///
/// Full chunks are encoded as bytes arrive and wait in `take_full`; `cut` encodes what is left.
class Framer {
 public:
  /// @param channel  'o', 'e', 'h' or 't'
  void write(char channel, std::string_view bytes, WallTime now);

  /// Frames the unfinished lines of every channel as pieces without newline (capital letter).
  void flush_partial(WallTime now);
  /// True while a channel holds an unfinished line.
  bool has_partial() const;

  /// The full chunks since the last call, oldest first.
  std::vector<Piece> take_full() { return std::exchange(full_, {}); }
  /// The lines that are framed and in no chunk yet, as one chunk; nothing when there are none.
  std::optional<Piece> cut();
  /// Framed bytes that `cut` would give.
  std::size_t uncut_bytes() const { return used_; }
  /// True while full chunks wait in `take_full`.
  bool has_full() const { return !full_.empty(); }

  // Of everything framed so far, cut or not.
  std::int64_t size_bytes() const { return size_ + static_cast<std::int64_t>(used_); }
  std::int64_t lines() const { return lines_total_ + lines_; }
  std::uint32_t crc() const;

 private:
  struct Channel {
    char letter = 0;
    std::string partial;
  };
  Channel& channel(char letter);
  void frame_line(char letter, std::string_view a, std::string_view b);
  std::string_view frame_lines(char letter, std::string_view bytes);
  void mark(std::int64_t at_ms);
  void close_chunk();
  /// The open chunk has a line and its last time mark is of now.
  bool marked() const { return !times_.empty() && times_.back().at_ms == now_ms_; }

  std::array<Channel, 4> channels_{};
  std::string text_;      // storage of the open chunk: kMaxChunk and slack for wide copies
  std::size_t used_ = 0;  // framed bytes in text_
  std::int64_t lines_ = 0;
  std::vector<TimeMark> times_;
  std::int64_t now_ms_ = 0;
  std::vector<Piece> full_;
  std::int64_t size_ = 0;         // of the closed chunks
  std::int64_t lines_total_ = 0;  // of the closed chunks
  std::uint32_t crc_ = 0;         // of the closed chunks
};

}  // namespace headrace::logchunk
