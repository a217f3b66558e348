// SPDX-License-Identifier: Apache-2.0
// Proof that a request comes from whoever knows the secret. No comparison tells by its duration how much of
// a guess was right.
#pragma once

#include <string>
#include <string_view>

#include "http/server.hpp"
#include "result/result.hpp"

namespace headrace::changesource::hooks {

/// Checks X-Hub-Signature-256 and X-Hub-Signature (SHA-1): each that is there must hold.
/// @param strict  one must be there
/// Errors, in Buildbot's words: none although strict, a wrong form, another hash, a mismatch.
[[nodiscard]] Result<void> check_hub_signature(const http::Request& request, const std::string& secret,
                                               bool strict);

/// True when `given` is `secret`.
bool same_secret(std::string_view given, std::string_view secret);

/// 64 hex digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace headrace::changesource::hooks
