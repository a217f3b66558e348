// SPDX-License-Identifier: Apache-2.0
// The bounds that the Redis functions check. C++ keeps to them before it asks; the Lua files get the same
// numbers, and those of the verdicts, from the generated head of the library (functions.cpp).
#pragma once

#include <cstddef>

namespace headrace::store {

inline constexpr int kMaxChangesPerCall = 1000;
inline constexpr int kMaxRequestsPerBuildset = 2000;
inline constexpr int kMaxOfferPairs = 64;
inline constexpr int kMaxItemsPerReport = 10'000;
inline constexpr int kMaxHeldClaims = 10'000;
inline constexpr int kMaxRenewals = 1000;  ///< sessions in one renewal
inline constexpr int kMaxOperations =
    10'000;  ///< decisions of schedulers, messages of a reporter, in one call
inline constexpr int kMaxListedChanges = 100'000;  ///< changes that one timer waited with
inline constexpr int kMaxNames = 100'000;          ///< names that one configuration gives ids to
inline constexpr int kMaxMovedBuilds = 1000;       ///< builds whose logs are reported as moved in one call
inline constexpr std::size_t kMaxChunkBytes = 70'000;
inline constexpr int kMaxChunkText = 65'536;  ///< bytes, and lines, of framed text in one chunk

}  // namespace headrace::store
