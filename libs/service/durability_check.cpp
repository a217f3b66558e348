// SPDX-License-Identifier: Apache-2.0
#include "service/durability_check.hpp"

#include "store/state/site.hpp"

namespace headrace::service {

void check_durability(store::Client& store, store::Durability promised,
                      std::function<void(std::string)> too_weak) {
  if (promised == store::Durability::process) return;
  store.read(store::persistence(), [too_weak](Result<store::Persistence> found) {
    if (!found || found->fsync.empty()) return;
    if (!found->append_only)
      too_weak("Redis has appendonly no: durability machine and replica need yes");
    else if (found->fsync != "always")
      too_weak("Redis has appendfsync " + found->fsync + ": durability machine and replica need always");
  });
}

std::string_view durability_name(store::Durability durability) {
  static constexpr std::string_view kNames[] = {"process", "machine", "replica"};
  return kNames[static_cast<int>(durability)];
}

}  // namespace headrace::service
