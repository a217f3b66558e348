// SPDX-License-Identifier: Apache-2.0
#include "store/read.hpp"

namespace headrace::store {

std::string KeyNames::operator()(std::string_view name, std::int64_t id) const {
  return prefix_ + std::string(name) + ":" + std::to_string(id);
}

std::string KeyNames::operator()(std::string_view name, std::string_view of) const {
  return prefix_ + std::string(name) + ":" + std::string(of);
}

std::string KeyNames::log_prefix(BuildId build) const {
  // "{headrace}:" → "{headrace:log:12}:"
  const auto close = prefix_.find('}');
  const std::string id = ":log:" + std::to_string(build.value);
  if (close == std::string::npos) return "{" + prefix_ + id + "}:";
  return prefix_.substr(0, close) + id + prefix_.substr(close);
}

std::optional<Round> take_answers(const Round& round, std::vector<RedisReply> answers) {
  for (const auto& answer : answers)
    if (answer.is_error()) {
      round.failed("Redis: " + answer.text);
      return std::nullopt;
    }
  return round.next(std::move(answers));
}

Round while_current(Generation::Mark mark, Round round) {
  auto next = [mark, next = std::move(round.next)](std::vector<RedisReply> answers) -> std::optional<Round> {
    if (!mark.current()) return std::nullopt;
    auto following = next(std::move(answers));
    if (following) following = while_current(mark, std::move(*following));
    return following;
  };
  auto failed = [mark, failed = std::move(round.failed)](std::string reason) {
    if (mark.current()) failed(std::move(reason));
  };
  return {std::move(round.commands), std::move(next), std::move(failed)};
}

}  // namespace headrace::store
