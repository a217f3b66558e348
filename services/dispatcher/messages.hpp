// SPDX-License-Identifier: Apache-2.0
// The core's two templates over worker messages.
#pragma once

#include "dispatcher/core.hpp"
#include "log/log.hpp"
#include "wire/codec.hpp"

namespace headrace::dispatcher {

template <class M>
void Core::send(const std::string& peer, const M& message) {
  effects_.send(peer, M::kName, wire::encode(message));
}

template <class M>
std::optional<M> Core::decode(const std::string& user, const std::string& body) {
  auto message = wire::decode<M>(body);
  if (message) return std::move(*message);
  spdlog::warn("message refused worker={} message={} reason={}", user, M::kName, message.error().text);
  return std::nullopt;
}

}  // namespace headrace::dispatcher
