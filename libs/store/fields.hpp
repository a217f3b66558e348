// SPDX-License-Identifier: Apache-2.0
// What the reads of store/state/ share: rounds in short, hashes as maps, numbers in text; inside libs/store
// only.
#pragma once

#include <charconv>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "store/read.hpp"

namespace headrace::store {

/// 0 for what is no number.
inline std::int64_t number_in(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() ? out : 0;
}

/// The answer to HGETALL, by field.
class Fields {
 public:
  explicit Fields(const RedisReply& hash) {
    for (std::size_t i = 0; i + 1 < hash.items.size(); i += 2)
      fields_[hash.items[i].text] = hash.items[i + 1].text;
  }
  bool empty() const { return fields_.empty(); }
  bool has(std::string_view name) const { return fields_.find(name) != fields_.end(); }
  const std::string& text(std::string_view name) const {
    static const std::string kNothing;
    const auto found = fields_.find(name);
    return found == fields_.end() ? kNothing : found->second;
  }
  std::int64_t number(std::string_view name) const { return number_in(text(name)); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::map<std::string, std::string, std::less<>> fields_;
};

/// One round whose answers `parse` turns into the value, or into the reason why they cannot be read.
template <class T>
Round last_round(std::vector<Words> commands, typename Read<T>::Done done,
                 std::function<Result<T>(std::vector<RedisReply>)> parse) {
  return {std::move(commands),
          [done, parse = std::move(parse)](std::vector<RedisReply> answers) -> std::optional<Round> {
            done(parse(std::move(answers)));
            return std::nullopt;
          },
          [done](std::string reason) { done(fail(std::move(reason))); }};
}

/// A round that another one follows.
template <class T>
Round more_rounds(std::vector<Words> commands, typename Read<T>::Done done,
                  std::function<Round(std::vector<RedisReply>)> next) {
  return {std::move(commands),
          [next = std::move(next)](std::vector<RedisReply> answers) -> std::optional<Round> {
            return next(std::move(answers));
          },
          [done](std::string reason) { done(fail(std::move(reason))); }};
}

/// A read of one round.
template <class T>
Read<T> one_round(std::function<std::vector<Words>(const KeyNames&)> commands,
                  std::function<Result<T>(std::vector<RedisReply>)> parse) {
  return Read<T>([commands = std::move(commands), parse = std::move(parse)](const KeyNames& keys, auto done) {
    return last_round<T>(commands(keys), std::move(done), parse);
  });
}

}  // namespace headrace::store
