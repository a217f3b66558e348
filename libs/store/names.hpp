// SPDX-License-Identifier: Apache-2.0
// How enumerators stand in keys and arguments; inside libs/store only.
#pragma once

#include <string>
#include <string_view>

#include "store/transitions/log.hpp"
#include "store/transitions/site.hpp"

namespace headrace::store {

std::string_view name_of(NameKind kind);
std::string_view name_of(KeyKind kind);
std::string name_of(LogName log);  ///< "<step>.<log>"

}  // namespace headrace::store
