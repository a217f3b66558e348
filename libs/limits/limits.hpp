// SPDX-License-Identifier: Apache-2.0
// Every bound on what a peer may send or make a process hold, in one place. docs/limits.md is the same list
// for people; it says for each bound what happens at it. A bound is checked where the bytes come in.
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

// A change. What is longer is shortened at the intake and by pollers.
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

// ZeroMQ: the port of workers, the bus.
inline constexpr std::size_t kWorkerFrame = 1 * kMiB;      ///< of a message of a worker
inline constexpr std::size_t kSubscriberFrame = 1 * kKiB;  ///< of a subscription
inline constexpr std::size_t kPublisherFrame = 16 * kMiB;  ///< of an event; publishers have the site's key
inline constexpr std::size_t kUnheard = 512;              ///< connections of one socket without a message yet
inline constexpr std::size_t kUnheardBytes = 192 * kKiB;  ///< that one of them may have sent
inline constexpr std::size_t kConnectionsPerKey = 32;     ///< of a subscriber
inline constexpr std::size_t kConnectionsPerWorker = 4;
inline constexpr std::size_t kSubscriptions = 1000;  ///< of one connection
inline constexpr int kQueuedFromPeer = 1000;         ///< messages that wait to be handled …
inline constexpr int kQueuedFromWorker = 24;         ///< … which are large, from a worker
inline constexpr int kQueuedToPeer = 10'000;         ///< messages that wait for one peer: more are lost to it
inline constexpr std::size_t kBusEvent = 64 * kKiB;  ///< larger events are read from the event log
inline constexpr std::chrono::seconds kUnreadTime{30};  ///< until a peer that takes nothing is cut off

// Workers.
inline constexpr std::size_t kHelloBytes = 128 * kKiB;
inline constexpr std::size_t kFactsBytes = 64 * kKiB;     ///< names and values together
inline constexpr std::size_t kHeldClaims = 1000;          ///< builds that one hello names
inline constexpr std::size_t kSmallMessage = 128 * kKiB;  ///< every message but hello, report and question
inline constexpr std::size_t kQuestionBytes = 1 * kMiB;
inline constexpr double kHellosPerSecond = 2;                ///< of one worker …
inline constexpr double kHellosAtOnce = 20;                  ///< … after a while without one
inline constexpr std::size_t kBuildProperties = 512 * kKiB;  ///< of one build, as they are stored
inline constexpr std::size_t kStepBytes = 128 * kKiB;        ///< of one step's record, as it is stored
inline constexpr std::size_t kBuildBytes = 16 * kMiB;        ///< of a whole build, as it is stored

}  // namespace headrace::limits
