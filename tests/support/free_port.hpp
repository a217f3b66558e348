// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace headrace::test {

/// A TCP port of 127.0.0.1 that nobody listens on now.
std::string free_port();

}  // namespace headrace::test
