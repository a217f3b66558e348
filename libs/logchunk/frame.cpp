// SPDX-License-Identifier: Apache-2.0
#include "logchunk/frame.hpp"

#include <cassert>
#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace headrace::logchunk {
namespace {

constexpr std::size_t kSlack = 32;                 // a short line is copied as a block of 16
constexpr std::size_t kMaxContent = kMaxLine - 2;  // a framed line less its letter and newline

char capital(char letter) { return static_cast<char>(letter - 32); }

}  // namespace

Framer::Channel& Framer::channel(char letter) {
  for (auto& c : channels_) {
    if (c.letter == 0) c.letter = letter;
    if (c.letter == letter) return c;
  }
  assert(false && "a log has four channels");
  return channels_[0];
}

void Framer::mark(std::int64_t at_ms) {
  if (!times_.empty() && times_.back().at_ms == at_ms) return;
  if (!times_.empty() && times_.back().first_line == lines_) {
    times_.back().at_ms = at_ms;
  } else {
    times_.push_back({lines_, at_ms});
  }
}

// Adds `<letter><a><b>\n`, in a new chunk when this one is full.
void Framer::frame_line(char letter, std::string_view a, std::string_view b) {
  const std::size_t need = a.size() + b.size() + 2;
  const bool new_mark = !marked() && times_.size() >= kMaxMarks;
  if (used_ + need > kMaxChunk || new_mark) close_chunk();
  if (text_.empty()) text_.resize(kMaxChunk + kSlack);
  mark(now_ms_);
  char* out = text_.data() + used_;
  *out++ = letter;
  if (!a.empty()) std::memcpy(out, a.data(), a.size());
  if (!b.empty()) std::memcpy(out + a.size(), b.data(), b.size());
  out[a.size() + b.size()] = '\n';
  used_ += need;
  ++lines_;
}

// The hot loop: every whole line of `bytes`, straight into the chunk.
// @return the rest without newline
std::string_view Framer::frame_lines(char letter, std::string_view bytes) {
  const char* in = bytes.data();
  const char* const end = in + bytes.size();
  while (in != end) {
#ifdef __SSE2__
    // A line of less than 16 bytes: found and copied in one go, where memchr and memcpy would be calls.
    if (end - in >= 16 && used_ + 18 <= kMaxChunk && marked()) {
      const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in));
      const int ends = _mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8('\n')));
      if (ends != 0) {
        const int n = __builtin_ctz(static_cast<unsigned>(ends));
        char* const out = text_.data() + used_;
        *out = letter;
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 1), block);
        used_ += static_cast<std::size_t>(n) + 2;
        ++lines_;
        in += n + 1;
        continue;
      }
    }
#endif
    const auto* newline = static_cast<const char*>(std::memchr(in, '\n', static_cast<std::size_t>(end - in)));
    if (!newline) break;
    while (static_cast<std::size_t>(newline - in) > kMaxContent) {
      frame_line(capital(letter), {in, kMaxContent}, {});
      in += kMaxContent;
    }
    frame_line(letter, {in, static_cast<std::size_t>(newline - in)}, {});
    in = newline + 1;
  }
  return {in, static_cast<std::size_t>(end - in)};
}

void Framer::write(char letter, std::string_view bytes, WallTime now) {
  now_ms_ = to_ms(now);
  std::string& partial = channel(letter).partial;
  if (!partial.empty()) {
    // Finish the line that was begun before.
    const auto newline = bytes.find('\n');
    std::string_view head = bytes.substr(0, newline);
    while (partial.size() + head.size() > kMaxContent) {
      const std::size_t take = kMaxContent - partial.size();
      frame_line(capital(letter), partial, head.substr(0, take));
      head.remove_prefix(take);
      partial.clear();
    }
    if (newline == std::string_view::npos) {
      partial.append(head);
      return;
    }
    frame_line(letter, partial, head);
    partial.clear();
    bytes.remove_prefix(newline + 1);
  }
  bytes = frame_lines(letter, bytes);
  while (bytes.size() > kMaxContent) {
    frame_line(capital(letter), bytes.substr(0, kMaxContent), {});
    bytes.remove_prefix(kMaxContent);
  }
  partial.assign(bytes);
}

void Framer::flush_partial(WallTime now) {
  now_ms_ = to_ms(now);
  for (auto& c : channels_) {
    if (c.partial.empty()) continue;
    frame_line(capital(c.letter), c.partial, {});
    c.partial.clear();
  }
}

bool Framer::has_partial() const {
  for (const auto& c : channels_)
    if (!c.partial.empty()) return true;
  return false;
}

void Framer::close_chunk() {
  if (auto piece = cut()) full_.push_back(std::move(*piece));
}

std::optional<Piece> Framer::cut() {
  if (used_ == 0) return std::nullopt;
  const std::string_view text(text_.data(), used_);
  Piece piece;
  piece.offset_bytes = size_;
  piece.size_bytes = static_cast<std::int64_t>(used_);
  piece.lines = lines_;
  piece.chunk = encode(text, lines_, times_);
  crc_ = crc32(crc_, text);
  size_ += piece.size_bytes;
  lines_total_ += lines_;
  used_ = 0;
  lines_ = 0;
  times_.clear();
  return piece;
}

std::uint32_t Framer::crc() const { return crc32(crc_, {text_.data(), used_}); }

}  // namespace headrace::logchunk
