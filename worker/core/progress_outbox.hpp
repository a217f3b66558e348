// SPDX-License-Identifier: Apache-2.0
// What one build has to say, kept until the server has it.
//
// Log pieces and progress items are added in the order in which they happened; `close` makes one report
// of what is pending. A report leaves the outbox when its number and all its log bytes are acknowledged;
// until then it can be sent again, as often as needed: `rewind` goes back to the oldest one (go-back-N).
// The server applies a number once and log bytes at their offset once, so repeats are harmless.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "logchunk/frame.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::worker {

class ProgressOutbox {
 public:
  void add(wire::ProgressItem item);
  void add(int step, int log, logchunk::Piece piece);

  bool has_pending() const { return !pending_.empty(); }
  std::size_t pending_bytes() const { return pending_bytes_; }
  bool pending_items() const { return pending_items_ > 0; }
  /// The last report of the build is pending or closed.
  bool finishing() const { return finishing_; }

  /// Moves what is pending into reports of at most about kReportBytes.
  void close();

  /// The next report to send, without session and claim; nothing when all is sent or `window_bytes` are
  /// under way. Advances.
  std::optional<wire::Report> next(std::size_t window_bytes);
  bool something_to_send(std::size_t window_bytes) const;
  /// All closed reports have been sent at least once since the last rewind.
  bool all_sent() const { return sent_ == kept_.size(); }
  bool awaits_acknowledgement() const { return sent_ > 0; }

  /// From now on the oldest unacknowledged report is the next again.
  void rewind();

  enum class Acknowledged {
    nothing_new,
    progress,
    missing,  ///< the server says it lacks bytes that were sent: rewind
  };
  Acknowledged on_reported(std::int64_t sequence, const std::vector<wire::LogPosition>& logs);

  /// The server's whole state after a new welcome. Rewinds.
  /// @return false when the server lacks what was acknowledged and dropped here: nobody can complete this
  /// build any more
  [[nodiscard]] bool on_held(std::int64_t acked, const std::vector<wire::LogPosition>& logs);

  /// Everything, the finish included, is acknowledged.
  bool complete() const { return finishing_ && pending_.empty() && kept_.empty(); }
  /// Memory that the unacknowledged holds, about.
  std::size_t bytes() const { return kept_bytes_ + pending_bytes_; }

  static constexpr std::size_t kReportBytes = 256 * 1024;

 private:
  using LogKey = std::pair<int, int>;  // step, log
  struct KeptPiece {
    LogKey log;
    std::int64_t offset = 0;
    std::int64_t end = 0;
    std::string chunk;
  };
  struct Kept {
    std::int64_t sequence = 0;  // 0: log bytes only
    std::vector<KeptPiece> pieces;
    std::vector<wire::ProgressItem> items;
    std::size_t bytes = 0;
  };
  using Pending = std::variant<KeptPiece, wire::ProgressItem>;
  static std::size_t cost(const Pending& p);
  bool is_acknowledged(const KeptPiece& p) const;
  bool drop_acknowledged();

  std::deque<Pending> pending_;
  std::size_t pending_bytes_ = 0;
  std::size_t pending_items_ = 0;
  bool finishing_ = false;
  std::deque<Kept> kept_;
  std::size_t kept_bytes_ = 0;
  std::size_t sent_ = 0;        // kept_[0 … sent_) are under way
  std::size_t sent_bytes_ = 0;  // theirs
  std::int64_t last_sequence_ = 0;
  std::int64_t acked_sequence_ = 0;
  std::int64_t dropped_sequence_ = 0;
  std::map<LogKey, std::int64_t> acked_;    // offset up to which the server has a log
  std::map<LogKey, std::int64_t> dropped_;  // offset up to which its pieces are gone from here
};

}  // namespace headrace::worker
