// SPDX-License-Identifier: Apache-2.0
// The CURVE keys that may connect, as `headrace worker add` and `headrace subscriber add` keep them in
// Redis: key → name. A key that is not known here is looked up before it is refused, because it may have
// been allowed a moment ago.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "service/house.hpp"
#include "store/state/site.hpp"

namespace headrace::service {

class AllowedKeys {
 public:
  AllowedKeys(House& house, store::KeyKind kind) : house_(house), kind_(kind) {}

  /// Reads them anew. @param done  called when that succeeded
  void read(std::function<void()> done = {});
  /// The name that goes with `key`; nothing when it is not allowed.
  std::optional<std::string> name_of(const std::string& key) const;
  /// As name_of, after a look at Redis when it is not known here. Without Redis: what is known counts.
  void ask(const std::string& key, std::function<void(std::optional<std::string> name)> answer);
  /// The connection to Redis is gone: whoever waits gets an answer.
  void lost();

 private:
  struct Waiting {
    std::string key;
    std::function<void(std::optional<std::string>)> answer;
  };
  void answer_waiting();

  House& house_;
  store::KeyKind kind_;
  std::map<std::string, std::string> names_;  ///< kept while Redis is away
  std::vector<Waiting> waiting_;
};

}  // namespace headrace::service
