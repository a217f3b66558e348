// SPDX-License-Identifier: Apache-2.0
#include "cli/log_text.hpp"

#include <stdexcept>

#include "logchunk/chunk.hpp"
#include "store/state/log.hpp"

namespace headrace::cli {
namespace {

std::string text_of_chunk(std::string_view encoded) {
  auto chunk = logchunk::decode(encoded);
  if (!chunk) throw std::runtime_error("the log is damaged: " + chunk.error().text);
  return std::move(chunk->text);
}

}  // namespace

std::optional<std::string> LogText::chunk(const logstore::LogId& key, const wire::LogRecord& log,
                                          std::size_t number) {
  const auto live = store_.read(store::log_chunks(key.build, {key.step, key.log}, number, 1));
  if (!live.empty()) return text_of_chunk(live[0]);
  return stored(key, log, number);
}

std::optional<std::string> LogText::stored(const logstore::LogId& key, const wire::LogRecord& log,
                                           std::size_t number) {
  const auto old_path = logstore::path_of(directory_, {key.build, key.step, key.log});
  if (!std::filesystem::exists(logstore::path_of(directory_, key)) && !std::filesystem::exists(old_path))
    return std::nullopt;
  const auto reader = logstore::Reader::open(directory_, key, logstore::Known{log.lines, log.size_bytes});
  if (!reader) throw std::runtime_error(reader.error().text);
  if (number >= reader->index().size()) return std::nullopt;
  const auto encoded = reader->chunk(number);
  if (!encoded) throw std::runtime_error(encoded.error().text);
  return text_of_chunk(*encoded);
}

}  // namespace headrace::cli
