// SPDX-License-Identifier: Apache-2.0
// Running logs, from Redis: list <prefix><step>.<log>:c of chunks, list …:i of "<first line> <lines>
// <offset> <size>", one entry a chunk, in the slot of their build.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "store/client.hpp"
#include "web/logs/log_source.hpp"

namespace headrace::web {

class RedisLogSource : public LogSource {
 public:
  explicit RedisLogSource(store::Client& store) : store_(store) {}
  void read(const LogAddress& log, std::int64_t line, Answer answer) override;

 private:
  // First line of each chunk and, last, of the one to come. Lists only grow, so the part that is known
  // is not read again; a list that vanished (moved to its file) is forgotten.
  using Index = std::vector<std::int64_t>;

  void give(const std::string& key, std::int64_t line, Answer answer);

  store::Client& store_;
  std::map<std::string, Index> indexes_;
};

}  // namespace headrace::web
