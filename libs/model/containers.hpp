// SPDX-License-Identifier: Apache-2.0
// Which containers a member is, for visitors of `fields()`: the codec of wire and the options of config.
#pragma once

#include <map>
#include <optional>
#include <type_traits>
#include <vector>

namespace headrace {

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class Key, class T, class Compare>
struct IsMap<std::map<Key, T, Compare>> : std::true_type {};

}  // namespace headrace
