// SPDX-License-Identifier: Apache-2.0
// What a read of many things found. One thing that cannot be read does not hide the others, and is not passed
// over in silence.
#pragma once

#include <string>
#include <vector>

namespace headrace::store {

template <class T>
struct Listed {
  std::vector<T> found;                 ///< in order of their ids; those that are gone are left out
  std::vector<std::string> complaints;  ///< one for each that is there and cannot be read
};

}  // namespace headrace::store
