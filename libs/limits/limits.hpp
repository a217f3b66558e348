// SPDX-License-Identifier: Apache-2.0
// Every bound on what a peer may send or make a process hold, in one place. docs/limits.md is the same list
// for people; it says for each bound what happens at it. A bound is checked where the bytes come in, and for
// what is stored in the Redis function too (store/limits.hpp gives the numbers to the functions).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace headrace::limits {

inline constexpr std::size_t kKiB = 1024, kMiB = 1024 * kKiB;

// HTTP: every server.
inline constexpr std::size_t kHeaderBytes = 64 * kKiB;  ///< of one request: 431
inline constexpr std::size_t kBodyBytes = 64 * kKiB;    ///< of one request, where no hook is taken: 413
inline constexpr std::size_t kHookBodyBytes = 16 * kMiB;
/// Bodies that are arriving and answers that are not taken yet, of all connections of one server.
inline constexpr std::size_t kHeldBytes = 64 * kMiB;
inline constexpr std::size_t kConnections = 1024;        ///< of one server
inline constexpr std::size_t kConnectionsPerPeer = 768;  ///< of one address
inline constexpr std::chrono::seconds kIdleTime{60};  ///< between two requests; an answer that nobody takes
inline constexpr std::chrono::seconds kHeaderTime{
    10};  ///< from the first byte of a request to its blank line
inline constexpr std::chrono::seconds kBodySilence{10};  ///< between two pieces of a body
inline constexpr std::chrono::seconds kBodyTime{45};     ///< for a whole body
inline constexpr std::chrono::seconds kAnswerTime{60};  ///< for a whole answer, and a second more for each …
inline constexpr std::size_t kSlowestReader = 32 * kKiB;  ///< … so many bytes
inline constexpr std::chrono::seconds kStreamTime{120};   ///< until a stream's queue has run empty once

// Hooks.
inline constexpr std::size_t kFormFields = 1000;
inline constexpr std::size_t kHookChanges = 5000;        ///< in one payload
inline constexpr std::size_t kHookJsonValues = 300'000;  ///< values in one payload
inline constexpr std::size_t kJsonValues = 2'000'000;    ///< values in any other JSON text

// A change. What is longer is shortened at the intake and by pollers; the Redis function refuses it.
inline constexpr std::size_t kChangeText = 4 * kKiB;  ///< author, branch, repository …
inline constexpr std::size_t kChangeComments = 64 * kKiB;
inline constexpr std::size_t kChangeFiles = 256 * kKiB;  ///< the names together
inline constexpr std::size_t kChangeFileCount = 10'000;
inline constexpr std::size_t kChangeProperties = 128 * kKiB;  ///< names and values together
inline constexpr std::size_t kChangeBytes = 1 * kMiB;         ///< a change as it is stored

// Live events.
inline constexpr std::size_t kListenerPaths = 50;       ///< of one listener
inline constexpr std::size_t kAllPaths = 10'000;        ///< of all listeners of one web
inline constexpr std::size_t kPathBytes = 300;          ///< of one path
inline constexpr std::size_t kLiveMessage = 64 * kKiB;  ///< larger: the listener gets `reset`
inline constexpr std::size_t kLiveRing = 16 * kMiB;     ///< notifications kept for listeners that come back

// REST.
inline constexpr std::size_t kAnswerBytes =
    8 * kMiB;  ///< texts of the rows of one answer; the rest is left out
inline constexpr std::int64_t kLargestNumber = 999'999'999'999'999;  ///< of events, lines: as Redis counts

}  // namespace headrace::limits
