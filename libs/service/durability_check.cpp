// SPDX-License-Identifier: Apache-2.0
#include "service/durability_check.hpp"

namespace headrace::service {

void check_durability(store::Client& store, store::Durability promised,
                      std::function<void(std::string)> too_weak) {
  if (promised == store::Durability::process) return;
  const auto expect = [&](const std::string& name, const std::string& wanted) {
    store.command({"CONFIG", "GET", name}, [name, wanted, too_weak](store::RedisReply r) {
      if (r.items.size() != 2 || r.items[1].text == wanted) return;
      too_weak("Redis has " + name + " " + r.items[1].text + ": durability machine and replica need " +
               wanted);
    });
  };
  expect("appendfsync", "always");
  expect("appendonly", "yes");
}

std::string_view durability_name(store::Durability durability) {
  static constexpr std::string_view kNames[] = {"process", "machine", "replica"};
  return kNames[static_cast<int>(durability)];
}

}  // namespace headrace::service
