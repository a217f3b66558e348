// SPDX-License-Identifier: Apache-2.0
#include "store/read.hpp"

namespace headrace::store {

std::string Keys::operator()(std::string_view name, std::int64_t id) const {
  return prefix_ + std::string(name) + ":" + std::to_string(id);
}

std::string Keys::operator()(std::string_view name, std::string_view of) const {
  return prefix_ + std::string(name) + ":" + std::string(of);
}

std::string Keys::log_prefix(BuildId build) const {
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

}  // namespace headrace::store
