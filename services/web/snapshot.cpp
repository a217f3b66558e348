// SPDX-License-Identifier: Apache-2.0
#include "web/snapshot.hpp"

#include <algorithm>
#include <deque>
#include <memory>

#include "log/log.hpp"
#include "store/state/build.hpp"
#include "store/state/events.hpp"
#include "store/state/site.hpp"

namespace headrace::web {
namespace {

constexpr std::int64_t kAtOnce = 300;  // ids a round

// One snapshot under way: rounds of ids, one after the other. Shared with the callback that it waits for.
class Reading : public std::enable_shared_from_this<Reading> {
 public:
  Reading(service::House& house, SnapshotSink sink, std::function<void(events::Cursor)> done)
      : house_(house), sink_(std::move(sink)), done_(std::move(done)) {}

  void start() {
    ask(store::head(), [this](events::Cursor head) {
      cursor_ = std::move(head);
      ask(store::last_ids(), [this](const store::LastIds& last) {
        plan(&SnapshotPart::changes, last.change,
             [](ChangeId from, ChangeId to) { return store::changes(from, to); });
        plan(&SnapshotPart::buildsets, last.buildset, store::buildsets);
        plan(&SnapshotPart::builds, last.build, store::builds);
        plan(&SnapshotPart::requests, last.request, store::requests);
        next();
      });
    });
  }

 private:
  template <class T, class F>
  void ask(const store::Read<T>& question, F use) {
    house_.read(question,
                [self = shared_from_this(), use = std::move(use)](T answer) { use(std::move(answer)); });
  }

  // Rounds for the ids 1 to `last`.
  template <class T, class Id, class Question>
  void plan(std::vector<T> SnapshotPart::*kind, Id last, Question question) {
    for (std::int64_t from = 1; from <= last.value; from += kAtOnce) {
      const Id first{from}, end{std::min(from + kAtOnce - 1, last.value)};
      rounds_.push_back([this, kind, first, end, question] {
        ask(question(first, end), [this, kind](store::Listed<T> listed) {
          for (const auto& complaint : listed.complaints)
            spdlog::error("left out of the snapshot reason=\"{}\"", complaint);
          left_out_ += listed.complaints.size();
          SnapshotPart part;
          part.*kind = std::move(listed.found);
          sink_(std::move(part), [self = shared_from_this()] { self->next(); });
        });
      });
    }
  }

  void next() {
    if (rounds_.empty()) return workers();
    const auto round = std::move(rounds_.front());
    rounds_.pop_front();
    round();
  }

  void workers() {
    ask(store::workers(), [this](std::vector<store::Worker> all) {
      last_.workers = std::move(all);
      ask(store::poller_problems(), [this](std::map<std::string, std::string> problems) {
        last_.poller_problems = std::move(problems);
        end();
      });
    });
  }

  void end() {
    sink_(std::move(last_), [self = shared_from_this()] {
      if (self->left_out_)
        spdlog::error("the snapshot is not whole: some things cannot be read count={}", self->left_out_);
      self->done_(self->cursor_);
    });
  }

  service::House& house_;
  SnapshotSink sink_;
  std::function<void(events::Cursor)> done_;
  events::Cursor cursor_;
  std::deque<std::function<void()>> rounds_;
  std::size_t left_out_ = 0;
  SnapshotPart last_;  // has what there is little of
};

}  // namespace

void read_snapshot(service::House& house, SnapshotSink sink, std::function<void(events::Cursor)> done) {
  std::make_shared<Reading>(house, std::move(sink), std::move(done))->start();
}

}  // namespace headrace::web
