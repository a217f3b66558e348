// SPDX-License-Identifier: Apache-2.0
// What the codec tells its types by; inside libs/wire only.
#pragma once

#include <type_traits>

#include "model/ids.hpp"

namespace headrace::wire {

template <class T>
concept Struct = requires(const T& t) {
  T::fields(t, [](const char*, const auto&) {});
};
template <class T>
concept Versioned = requires {
  T::kVersion;
};

template <class T>
struct IsId : std::false_type {};
template <class Tag>
struct IsId<Id<Tag>> : std::true_type {};

}  // namespace headrace::wire
