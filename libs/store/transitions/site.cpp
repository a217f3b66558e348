// SPDX-License-Identifier: Apache-2.0
#include "store/transitions/site.hpp"

#include "store/arguments.hpp"
#include "store/names.hpp"

namespace headrace::store {

std::string_view name_of(NameKind kind) {
  switch (kind) {
    case NameKind::builder:
      return "builder";
    case NameKind::worker:
      return "worker";
    case NameKind::scheduler:
      return "scheduler";
    case NameKind::changesource:
      return "changesource";
  }
  return "";
}

std::string_view name_of(KeyKind kind) { return kind == KeyKind::worker ? "worker" : "subscriber"; }

Call ConfigApply::call() const {
  Arguments a;
  a << (expected ? expected->value : -1) << digest << files << names.size();
  for (const auto& [kind, name] : names) a << name_of(kind) << name;
  return make_call<ConfigApply>(std::move(a));
}

Outcome<ConfigVersion> ConfigApply::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply,
                            [](const json::Value& v) { return Answer{v.as_array().at(0).as_int()}; });
}

Call KeyAllow::call() const {
  Arguments a;
  a << name_of(kind) << public_key << name;
  return make_call<KeyAllow>(std::move(a));
}

Outcome<Done> KeyAllow::read(const Reply& reply) { return read_done(reply); }

Call KeyForbid::call() const {
  Arguments a;
  a << name_of(kind) << public_key;
  return make_call<KeyForbid>(std::move(a));
}

Outcome<Done> KeyForbid::read(const Reply& reply) { return read_done(reply); }

Call EventsTrim::call() const {
  Arguments a;
  a << keep;
  return make_call<EventsTrim>(std::move(a));
}

Outcome<EventNumber> EventsTrim::read(const Reply& reply) {
  return read_value<Answer>(kFunction, reply,
                            [](const json::Value& v) { return Answer{v.as_array().at(0).as_int()}; });
}

Call LogsMoved::call() const {
  Arguments a;
  for (const auto build : builds) a << build;
  return make_call<LogsMoved>(std::move(a));
}

Outcome<Done> LogsMoved::read(const Reply& reply) { return read_done(reply); }

}  // namespace headrace::store
