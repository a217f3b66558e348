// SPDX-License-Identifier: Apache-2.0
// The site's CURVE key pair as a file of two lines, `public <Z85>` and `secret <Z85>`, readable by its
// owner only.
#pragma once

#include <string>

#include "bus/socket.hpp"
#include "result/result.hpp"

namespace headrace::service {

/// Errors: unreadable, readable by others, not two Z85 keys; each names the file.
[[nodiscard]] Result<bus::KeyPair> read_key_file(const std::string& path);
/// Makes the file with mode 0600; an existing one is an error.
[[nodiscard]] Result<bus::KeyPair> make_key_file(const std::string& path);

}  // namespace headrace::service
