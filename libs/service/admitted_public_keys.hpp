// SPDX-License-Identifier: Apache-2.0
// The public CURVE keys of the workers or subscribers that are admitted, each with its owner's name.
// `headrace worker add` and `headrace subscriber add` keep them in Redis. A key that is not known here is
// looked up there before it is refused, because it may have been allowed a moment ago.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "service/house.hpp"
#include "store/state/site.hpp"

namespace headrace::service {

class AdmittedPublicKeys {
 public:
  AdmittedPublicKeys(House& house, store::KeyKind kind) : house_(house), kind_(kind) {}

  /// Reads the keys from Redis. @param done  called when the read has succeeded
  void read(std::function<void()> done = {});
  /// The name of the owner of `key`; nothing when the key is not admitted.
  std::optional<std::string> name_of(const std::string& key) const;
  /// Answers as name_of() does, after a read of Redis when the key is not known here. Without a connection to
  /// Redis the keys that are known count.
  void ask(const std::string& key, std::function<void(std::optional<std::string> name)> answer);
  /// The connection to Redis is lost: every ask() that waits gets its answer.
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
