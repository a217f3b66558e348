// SPDX-License-Identifier: Apache-2.0
// Layout of a chunk: version byte 1, method byte (0 stored, 1 zstd), then varints: raw size, lines,
// number of time marks, and per mark the distance in lines and in milliseconds (zigzag) from the mark
// before; then the text.
#include "logchunk/chunk.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include "logchunk/lines.hpp"

namespace headrace::logchunk {
namespace {

constexpr char kFormat = 1;
constexpr char kStored = 0;
constexpr char kZstd = 1;

void put_varint(std::string& out, std::uint64_t v) {
  while (v >= 0x80) {
    out.push_back(static_cast<char>(v | 0x80));
    v >>= 7;
  }
  out.push_back(static_cast<char>(v));
}

std::uint64_t zigzag(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
std::int64_t unzigzag(std::uint64_t v) {
  return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
}

/// Takes one varint off the front; false when the bytes end or it does not fit 64 bits.
bool take_varint(std::string_view& in, std::uint64_t& out) {
  out = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (in.empty()) return false;
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    out |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (!(byte & 0x80)) return true;
  }
  return false;
}

struct Header {
  char method = kStored;
  std::uint64_t size = 0;
  std::uint64_t lines = 0;
};

Result<Header> take_header(std::string_view& in) {
  if (in.size() < 2) return fail("log chunk is truncated");
  if (in[0] != kFormat)
    return fail("log chunk has format " + std::to_string(int(in[0])) + " where 1 is known");
  Header h;
  h.method = in[1];
  if (h.method != kStored && h.method != kZstd)
    return fail("log chunk has compression " + std::to_string(int(h.method)) + " where 0 or 1 is known");
  in.remove_prefix(2);
  if (!take_varint(in, h.size) || !take_varint(in, h.lines)) return fail("log chunk is truncated");
  if (h.size == 0 || h.size > kMaxChunk)
    return fail("log chunk says " + std::to_string(h.size) + " bytes, 1 to " + std::to_string(kMaxChunk) +
                " are possible");
  return h;
}

// Contexts are expensive to make and cheap to keep: one of each a thread.
ZSTD_CCtx* compressor() {
  thread_local const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> c(ZSTD_createCCtx(),
                                                                            &ZSTD_freeCCtx);
  return c.get();
}
ZSTD_DCtx* decompressor() {
  thread_local const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> c(ZSTD_createDCtx(),
                                                                            &ZSTD_freeDCtx);
  return c.get();
}

}  // namespace

std::string encode(std::string_view text, std::int64_t lines, const std::vector<TimeMark>& times) {
  std::string out{kFormat, kZstd};
  put_varint(out, text.size());
  put_varint(out, static_cast<std::uint64_t>(lines));
  put_varint(out, times.size());
  TimeMark last;
  for (const auto& mark : times) {
    put_varint(out, static_cast<std::uint64_t>(mark.first_line - last.first_line));
    put_varint(out, zigzag(mark.at_ms - last.at_ms));
    last = mark;
  }
  const std::size_t head = out.size();
  out.resize(head + ZSTD_compressBound(text.size()));
  const std::size_t n =
      ZSTD_compressCCtx(compressor(), out.data() + head, out.size() - head, text.data(), text.size(), 1);
  if (ZSTD_isError(n) || n >= text.size()) {
    out.resize(head);
    out[1] = kStored;
    out.append(text);
  } else {
    out.resize(head + n);
  }
  out.shrink_to_fit();
  return out;
}

Result<Chunk> decode(std::string_view in) {
  if (in.size() > kMaxEncoded)
    return fail("log chunk has " + std::to_string(in.size()) + " bytes, at most " +
                std::to_string(kMaxEncoded) + " are taken");
  const auto header = take_header(in);
  if (!header) return tl::unexpected(header.error());
  Chunk chunk;
  chunk.lines = static_cast<std::int64_t>(header->lines);

  std::uint64_t marks = 0;
  if (!take_varint(in, marks)) return fail("log chunk is truncated");
  if (marks > header->lines) return fail("log chunk has more time marks than lines");
  TimeMark last;
  for (std::uint64_t i = 0; i < marks; ++i) {
    std::uint64_t line = 0, time = 0;
    if (!take_varint(in, line) || !take_varint(in, time)) return fail("log chunk is truncated");
    if (line >= header->lines || (i > 0 && line == 0)) return fail("log chunk has a time mark out of order");
    last.first_line += static_cast<std::int64_t>(line);
    // Unsigned: forged times may wrap, which is no more than a wrong time.
    last.at_ms = static_cast<std::int64_t>(static_cast<std::uint64_t>(last.at_ms) +
                                           static_cast<std::uint64_t>(unzigzag(time)));
    if (last.first_line >= chunk.lines) return fail("log chunk has a time mark behind its last line");
    chunk.times.push_back(last);
  }

  if (header->method == kStored) {
    chunk.text = in;
  } else {
    chunk.text.resize(header->size);
    const std::size_t n =
        ZSTD_decompressDCtx(decompressor(), chunk.text.data(), chunk.text.size(), in.data(), in.size());
    if (ZSTD_isError(n)) return fail(std::string("log chunk does not unpack: ") + ZSTD_getErrorName(n));
    chunk.text.resize(n);
  }
  if (chunk.text.size() != header->size)
    return fail("log chunk says " + std::to_string(header->size) + " bytes and holds " +
                std::to_string(chunk.text.size()));
  if (chunk.text.back() != '\n') return fail("log chunk does not end at a line's end");
  const auto lines = count_lines(chunk.text);
  if (lines != chunk.lines)
    return fail("log chunk says " + std::to_string(chunk.lines) + " lines and holds " +
                std::to_string(lines));
  return chunk;
}

Result<Extent> extent(std::string_view chunk) {
  const auto header = take_header(chunk);
  if (!header) return tl::unexpected(header.error());
  return Extent{static_cast<std::int64_t>(header->size), static_cast<std::int64_t>(header->lines)};
}

std::uint32_t crc32(std::uint32_t crc, std::string_view text) {
  return static_cast<std::uint32_t>(::crc32_z(crc, reinterpret_cast<const Bytef*>(text.data()), text.size()));
}

std::string unframe(std::string_view framed, std::string_view channels) {
  std::string out;
  out.reserve(framed.size());
  while (!framed.empty()) {
    const auto end = framed.find('\n');
    const std::string_view line = framed.substr(0, end);
    framed.remove_prefix(end == std::string_view::npos ? framed.size() : end + 1);
    if (line.empty()) continue;
    const char letter = line.front();
    const bool cut = letter >= 'A' && letter <= 'Z';
    if (channels.find(cut ? static_cast<char>(letter + 32) : letter) == std::string_view::npos) continue;
    out.append(line.substr(1));
    if (!cut) out.push_back('\n');
  }
  return out;
}

std::string to_buildbot_lines(std::string_view framed) {
  std::string out(framed);
  for (std::size_t at = 0; at < out.size();) {
    if (out[at] >= 'A' && out[at] <= 'Z') out[at] = static_cast<char>(out[at] + 32);
    const auto end = out.find('\n', at);
    if (end == std::string::npos) break;
    at = end + 1;
  }
  return out;
}

}  // namespace headrace::logchunk
