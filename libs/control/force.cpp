// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "buildset/buildset.hpp"
#include "control/verbs.hpp"
#include "store/random.hpp"

namespace headrace::control {
namespace {

constexpr const char* kSource = "Force Build Form";  // Buildbot's name for what a person typed

Outcome<const config::Scheduler*> choose_scheduler(const config::Site& site, const Force& wish) {
  if (!site.builder(wish.builder)) return wrong("there is no builder '" + wish.builder + "'");
  const auto offers = [&](const config::Scheduler& s) {
    return s.kind == "force" && std::count(s.builders.begin(), s.builders.end(), wish.builder) > 0;
  };
  if (!wish.scheduler.empty()) {
    const auto* named = site.scheduler(wish.scheduler);
    if (!named || named->kind != "force")
      return wrong("there is no force scheduler '" + wish.scheduler + "'");
    if (!offers(*named))
      return wrong("scheduler '" + wish.scheduler + "' does not build '" + wish.builder + "'");
    return named;
  }
  const config::Scheduler* found = nullptr;
  for (const auto& s : site.schedulers) {
    if (!offers(s)) continue;
    if (found)
      return wrong("'" + wish.builder + "' has several force schedulers; choose one with --scheduler " +
                   found->name + " or " + s.name);
    found = &s;
  }
  if (!found) return wrong("no force scheduler of the configuration has builder '" + wish.builder + "'");
  return found;
}

}  // namespace

Outcome<RequestId> force(store::BlockingClient& store, const Force& wish) {
  auto current = current_configuration(store);
  if (!current) return tl::unexpected(current.error());
  const auto scheduler = choose_scheduler(current->configuration->site(), wish);
  if (!scheduler) return tl::unexpected(scheduler.error());
  // A force scheduler has the one codebase "".
  if (wish.codebase && !wish.codebase->empty())
    return wrong("scheduler '" + (*scheduler)->name + "' has no codebase '" + *wish.codebase +
                 "'; choose one with --codebase");

  buildset::Wanted wanted;
  wanted.reason = "A build was forced by '" + wish.owner + "': " + wish.reason;
  wanted.builders = {wish.builder};
  wanted.codebases[""] = wish.stamp;
  for (const auto& [name, value] : wish.properties) wanted.properties[name] = {value, kSource};
  wanted.properties["reason"] = {wish.reason, kSource};
  wanted.properties["owner"] = {wish.owner, kSource};
  auto made = buildset::make_buildset(*current->configuration, **scheduler, std::move(wanted));
  if (!made.complaints.empty()) return refused(made.complaints[0]);

  const auto added = store.commit(
      store::BuildsetAdd{"force-" + store::random_hex(8), current->version, std::move(made.set)});
  if (!added) return refused("the build was refused: " + added.error().text);
  return added->first_request;
}

}  // namespace headrace::control
