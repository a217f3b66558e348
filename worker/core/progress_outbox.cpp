// SPDX-License-Identifier: Apache-2.0
#include "worker/core/progress_outbox.hpp"

#include <algorithm>

namespace headrace::worker {
namespace {
constexpr std::size_t kOverhead = 200;  // of a kept piece, beside its bytes
constexpr std::size_t kMaxUnderWay =
    64;  // reports: with more the next one grows instead, and a rewind stays cheap
constexpr std::size_t kItemBytes = 500;  // of a progress item, about
}  // namespace

std::size_t ProgressOutbox::cost(const Pending& p) {
  if (const auto* piece = std::get_if<KeptPiece>(&p)) return piece->chunk.size() + kOverhead;
  return kItemBytes;
}

void ProgressOutbox::add(wire::ProgressItem item) {
  if (item.finish) finishing_ = true;
  pending_.push_back(std::move(item));
  pending_bytes_ += kItemBytes;
  ++pending_items_;
}

void ProgressOutbox::add(int step, int log, logchunk::Piece piece) {
  KeptPiece kept{
      {step, log}, piece.offset_bytes, piece.offset_bytes + piece.size_bytes, std::move(piece.chunk)};
  pending_bytes_ += kept.chunk.size() + kOverhead;
  pending_.push_back(std::move(kept));
}

void ProgressOutbox::close() {
  while (!pending_.empty()) {
    Kept report;
    while (!pending_.empty() && report.bytes < kReportBytes) {
      report.bytes += cost(pending_.front());
      if (auto* piece = std::get_if<KeptPiece>(&pending_.front())) {
        report.pieces.push_back(std::move(*piece));
      } else {
        report.items.push_back(std::move(std::get<wire::ProgressItem>(pending_.front())));
      }
      pending_.pop_front();
    }
    if (!report.items.empty()) report.sequence = ++last_sequence_;
    kept_bytes_ += report.bytes;
    kept_.push_back(std::move(report));
  }
  pending_bytes_ = 0;
  pending_items_ = 0;
}

bool ProgressOutbox::something_to_send(std::size_t window_bytes) const {
  // One report is always let through, however small the window.
  if (sent_ == 0) return !kept_.empty();
  return sent_ < kept_.size() && sent_ < kMaxUnderWay && sent_bytes_ + kept_[sent_].bytes <= window_bytes;
}

std::optional<wire::Report> ProgressOutbox::next(std::size_t window_bytes) {
  if (!something_to_send(window_bytes)) return std::nullopt;
  const Kept& kept = kept_[sent_++];
  sent_bytes_ += kept.bytes;
  wire::Report report;
  if (kept.sequence > acked_sequence_) {
    report.sequence = kept.sequence;
    report.items = kept.items;
  }
  for (const auto& p : kept.pieces)
    if (!is_acknowledged(p)) report.logs.push_back({p.log.first, p.log.second, p.offset, p.chunk});
  return report;
}

void ProgressOutbox::rewind() {
  sent_ = 0;
  sent_bytes_ = 0;
}

bool ProgressOutbox::is_acknowledged(const KeptPiece& p) const {
  const auto it = acked_.find(p.log);
  return it != acked_.end() && p.end <= it->second;
}

bool ProgressOutbox::drop_acknowledged() {
  bool dropped = false;
  while (!kept_.empty()) {
    const Kept& front = kept_.front();
    if (front.sequence > acked_sequence_) break;
    if (!std::all_of(front.pieces.begin(), front.pieces.end(),
                     [&](const auto& p) { return is_acknowledged(p); }))
      break;
    for (const auto& p : front.pieces) dropped_[p.log] = std::max(dropped_[p.log], p.end);
    dropped_sequence_ = std::max(dropped_sequence_, front.sequence);
    kept_bytes_ -= front.bytes;
    if (sent_ > 0) --sent_, sent_bytes_ -= front.bytes;
    kept_.pop_front();
    dropped = true;
  }
  return dropped;
}

ProgressOutbox::Acknowledged ProgressOutbox::on_reported(std::int64_t sequence,
                                                         const std::vector<wire::LogPosition>& logs) {
  bool moved = false;
  bool missing = false;
  // Only what was sent can be acknowledged; a larger number is nobody's.
  if (sequence > acked_sequence_ && sequence <= last_sequence_) acked_sequence_ = sequence, moved = true;
  for (const auto& position : logs) {
    auto& acked = acked_[{position.step, position.log}];
    if (position.size_bytes > acked) {
      acked = position.size_bytes;
      moved = true;
    } else {
      // A position is only told when it moved, or when what came did not fit on it.
      for (std::size_t i = 0; i < sent_ && !missing; ++i)
        for (const auto& p : kept_[i].pieces)
          missing |= p.log == LogKey{position.step, position.log} && p.end > position.size_bytes;
    }
  }
  if (drop_acknowledged()) moved = true;
  if (missing) return Acknowledged::missing;
  return moved ? Acknowledged::progress : Acknowledged::nothing_new;
}

bool ProgressOutbox::on_held(std::int64_t acked, const std::vector<wire::LogPosition>& logs) {
  std::map<LogKey, std::int64_t> server;
  for (const auto& p : logs) server[{p.step, p.log}] = p.size_bytes;
  if (acked < dropped_sequence_) return false;
  for (const auto& [log, offset] : dropped_) {
    const auto it = server.find(log);
    if (it == server.end() || it->second < offset) return false;
  }
  acked_sequence_ = std::min(acked, last_sequence_);
  acked_ = std::move(server);
  rewind();
  drop_acknowledged();
  return true;
}

}  // namespace headrace::worker
