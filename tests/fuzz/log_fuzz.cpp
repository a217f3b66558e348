// SPDX-License-Identifier: Apache-2.0
// Build logs: chunks that somebody sends, log files that a disk gives, and what a step writes.
#include <fcntl.h>
#include <unistd.h>

#include "fuzz/input.hpp"
#include "logchunk/frame.hpp"
#include "logstore/log_file.hpp"

namespace headrace {
namespace {

void read_chunk(std::string_view bytes) {
  const auto chunk = logchunk::decode(bytes);
  if (!chunk) return;
  const auto extent = logchunk::extent(bytes);
  fuzz::expect(extent && extent->lines == chunk->lines &&
               extent->size_bytes == static_cast<std::int64_t>(chunk->text.size()));
  const auto again = logchunk::decode(logchunk::encode(chunk->text, chunk->lines, chunk->times));
  fuzz::expect(again && again->text == chunk->text && again->times == chunk->times);
  (void)logchunk::unframe(chunk->text, "oe");
  (void)logchunk::to_buildbot_lines(chunk->text);
}

// What a step writes to two channels, in pieces, comes back byte for byte.
void frame(std::string_view bytes) {
  logchunk::Framer framer;
  std::string out, framed;
  fuzz::Input input(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  for (std::int64_t now = 0; !input.empty(); ++now) {
    const unsigned length = input.byte();
    const auto piece = input.bytes(length);
    framer.write(length % 2 == 0 ? 'o' : 'e', piece, from_ms(now));
    if (length % 2 == 0) out += piece;
    if (length % 16 == 15) framer.flush_partial(from_ms(now));
  }
  framer.flush_partial(from_ms(0));
  const auto add = [&](const logchunk::Piece& piece) {
    const auto chunk = logchunk::decode(piece.chunk);
    fuzz::expect(chunk && chunk->lines == piece.lines);
    framed += chunk->text;
  };
  for (const auto& piece : framer.take_full()) add(piece);
  if (const auto last = framer.cut()) add(*last);
  fuzz::expect(logchunk::unframe(framed, "o") == out && logchunk::crc32(0, framed) == framer.crc());
}

void read_file(std::string_view bytes) {
  static const std::string path = "/dev/shm/headrace-log-fuzz." + std::to_string(getpid());
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  fuzz::expect(fd >= 0 && write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  close(fd);
  if (const auto reader = logstore::Reader::open(path)) {
    for (std::size_t i = 0; i < reader->index().size() && i < 100; ++i)
      if (const auto chunk = reader->chunk(i)) read_chunk(*chunk);
    (void)reader->chunk_of_line(1);
    (void)reader->chunk_of_offset(1);
  }
  unlink(path.c_str());
}

}  // namespace
}  // namespace headrace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  headrace::read_chunk(bytes);
  headrace::frame(bytes);
  headrace::read_file(bytes);
  return 0;
}
