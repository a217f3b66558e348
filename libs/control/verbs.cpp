// SPDX-License-Identifier: Apache-2.0
#include "control/verbs.hpp"

#include "store/state/site.hpp"
#include "store/transitions/change.hpp"

namespace headrace::control {

Outcome<store::RequestState> stop(store::BlockingClient& store, RequestId request,
                                  const std::string& reason) {
  const auto state = store.commit(store::RequestCancel{request, reason});
  if (!state)
    return refused("request " + std::to_string(request.value) + " cannot be stopped: " + state.error().text);
  return *state;
}

Outcome<ChangeId> send_change(store::BlockingClient& store, wire::Change change, bool with_codebase,
                              const std::string& delivery) {
  if (!with_codebase) {
    auto current = current_configuration(store);
    if (!current) return tl::unexpected(current.error());
    if (const auto function = current->configuration->site().codebase_fn) {
      const auto codebase = current->configuration->call(function, config::change_argument(change));
      if (!codebase) return refused(codebase.error().text);
      change.codebase = codebase->string_or("");
    }
  }
  const auto added = store.commit(store::ChangeAdd{delivery, std::nullopt, {std::move(change)}});
  if (!added) return refused("the change was refused: " + added.error().text);
  return added->at(0);
}

Outcome<store::Done> allow_key(store::BlockingClient& store, store::KeyKind kind,
                               const std::string& public_key, const std::string& name) {
  const auto allowed = store.commit(store::KeyAllow{kind, public_key, name});
  if (!allowed) return refused("the key was refused: " + allowed.error().text);
  return store::Done{};
}

Outcome<int> forbid_keys(store::BlockingClient& store, store::KeyKind kind, const std::string& name) {
  int forbidden = 0;
  for (const auto& [key, owner] : store.read(store::admitted_public_keys(kind))) {
    if (owner != name) continue;
    const auto done = store.commit(store::KeyForbid{kind, key});
    if (!done) return refused("key of " + name + ": " + done.error().text);
    ++forbidden;
  }
  if (forbidden == 0)
    return refused("no " + std::string(kind == store::KeyKind::worker ? "worker" : "subscriber") + " '" +
                   name + "' has a key");
  return forbidden;
}

}  // namespace headrace::control
