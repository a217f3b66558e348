// SPDX-License-Identifier: Apache-2.0
#include "cli/workers.hpp"

#include <map>

#include "cli/control.hpp"
#include "cli/state.hpp"
#include "wire/codec.hpp"

namespace headrace::cli {

std::vector<WorkerState> read_workers(store::BlockingClient& store) {
  std::map<std::string, WorkerState> all;
  const auto current = current_config(store);
  for (const auto& declared : current.configuration->site().workers) {
    auto& w = all[declared.name];
    w.declared = true;
    w.embedded = declared.embedded;
    w.slots = declared.slots;
  }
  for (const auto& name : store.command({"SMEMBERS", store.keys()("workers")}).items) all[name.text];
  std::vector<WorkerState> out;
  for (auto& [name, w] : all) {
    w.name = name;
    const auto r = store.command({"HMGET", store.keys()("worker:" + name), "connected", "info"});
    if (r.items.size() == 2) {
      w.connected = r.items[0].text == "1";
      if (auto info = wire::decode<wire::WorkerInfo>(r.items[1].text)) w.info = std::move(*info);
    }
    w.busy = store.command({"HLEN", store.keys()("slots:" + name)}).integer;
    if (w.declared || w.connected) out.push_back(std::move(w));
  }
  return out;
}

}  // namespace headrace::cli
