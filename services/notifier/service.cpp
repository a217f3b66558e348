// SPDX-License-Identifier: Apache-2.0
#include "notifier/service.hpp"

#include <algorithm>

#include "log/log.hpp"
#include "store/state/build.hpp"
#include "store/state/events.hpp"
#include "store/state/outbox.hpp"
#include "store/state/request.hpp"
#include "store/state/site.hpp"
#include "store/transitions/lease.hpp"
#include "store/transitions/outbox.hpp"
#include "wire/events.hpp"

namespace headrace::notifier {

void NotifierService::start() {
  house_.metrics().counter("headrace_notifier_sent_total", "messages that their receiver took");
  house_.metrics().counter("headrace_notifier_failed_total", "tries that failed");
  house_.metrics().counter("headrace_notifier_given_up_total", "messages given up");
  house_.metrics().gauge("headrace_notifier_reporters", "reporters that are this process's", [this] {
    return static_cast<double>(std::count_if(reporters_.begin(), reporters_.end(),
                                             [](const auto& r) { return r->core != nullptr; }));
  });
}

Outbox& NotifierService::outbox(const std::string& reporter) {
  auto& slot = outboxes_[reporter];
  if (!slot) slot = std::make_unique<Outbox>(house_, transport_, reporter);
  return *slot;
}

void NotifierService::load() {
  unload();  // what an interrupted load left
  // The reporters of the store are read before the version of the configuration: one that is not in it has
  // not been added meanwhile.
  house_.read(store::reporters(), [this](std::vector<std::string> stored) {
    config_.refresh([this, stored = std::move(stored)] {
      used_ = config_.current();
      drop_unknown(stored);
      load_roles();
    });
  });
}

// A reporter that was taken out of the configuration: its cursor would keep the event log from being trimmed.
void NotifierService::drop_unknown(const std::vector<std::string>& stored) {
  if (!used_) return;
  const auto& known = used_->site().reporters;
  for (const auto& name : stored) {
    if (std::any_of(known.begin(), known.end(), [&](const auto& r) { return r.name == name; })) continue;
    spdlog::warn("reporter is in the configuration no more, its outbox is dropped reporter={}", name);
    house_.commit(store::ReporterDrop{name, config_.version()});
  }
}

void NotifierService::load_roles() {
  if (used_)
    for (const auto& reporter : used_->site().reporters)
      if (const auto* kind = find_reporter_kind(reporter.kind))  // else one of a newer version
        reporters_.push_back(std::make_unique<OwnedReporter>(house_, reporter, *kind));
  awaited_ = 1;
  const auto answered = [this] {
    if (--awaited_ == 0) finish_load();
  };
  for (auto& owned : reporters_) {
    ++awaited_;
    owned->role.hold({}, {}, [this, &one = *owned, answered] {
      if (!one.role.held()) return answered();
      read_cursor(one, answered);
    });
  }
  answered();
}

void NotifierService::read_cursor(OwnedReporter& owned, std::function<void()> done) {
  const auto term = owned.role.term();
  house_.commit(store::CursorStart{owned.reporter.name, term}, [this, &owned, term,
                                                                done](const auto& cursor) {
    if (cursor) {
      owned.core = std::make_unique<Core>(owned.reporter, *cursor, house_.now());
      outbox(owned.reporter.name).activate(owned.reporter, term);
      spdlog::info("reporter is ours reporter={} event={}", owned.reporter.name, cursor->number.value);
    } else {
      spdlog::warn("reporter has no cursor reporter={} reason={}", owned.reporter.name, cursor.error().text);
      owned.role.forget();  // taken again with the next tick
    }
    done();
  });
}

void NotifierService::finish_load() {
  std::optional<events::Cursor> first;
  for (const auto& owned : reporters_)
    if (owned->core && (!first || owned->core->cursor().number < first->number))
      first = owned->core->cursor();
  if (first) {
    read_ = *first;
    return house_.loaded(read_);
  }
  // Nothing is ours: events are read from the end on, to hear of a new configuration.
  house_.read(store::head(), [this](const wire::Cursor& head) {
    read_ = head;
    // One that was applied before the end of the event log is no event.
    config_.refresh([this] {
      if (config_.current() != used_) return load();
      house_.loaded(read_);
    });
  });
}

void NotifierService::unload() {
  for (auto& [name, box] : outboxes_) box->deactivate();
  reporters_.clear();
  pending_.clear();
  gathering_ = false;
  awaited_ = 0;
}

void NotifierService::lose(OwnedReporter& owned) {
  owned.core.reset();
  outbox(owned.reporter.name).deactivate();
}

void NotifierService::on_event(const wire::Event& event) {
  read_ = {event.number, event.tag};
  std::visit(wire::On{[&](const wire::BuildFinished& finished) {
                        auto report = report_from(finished, event.tag);
                        if (report) return add(event.number, std::move(*report));
                        spdlog::error("event cannot be reported reason={}", report.error().text);
                        pass();
                      },
                      [&](const wire::ConfigApplied& applied) {
                        applied.version > config_.tried() ? add(event.number, std::nullopt) : pass();
                      },
                      [&](const auto&) { pass(); }},
             wire::read_event(event));
}

void NotifierService::add(EventNumber number, std::optional<BuildReport> report) {
  pending_.push_back({number, read_, std::move(report)});
}

// The event says nothing.
void NotifierService::pass() {
  if (!pending_.empty())
    pending_.back().upto = read_;
  else
    tell({read_.number, read_, std::nullopt}, {});
}

void NotifierService::on_events_drained() { work(); }

void NotifierService::work() {
  while (!pending_.empty() && !gathering_) {
    if (!pending_.front().report) return house_.reload("a new configuration was applied");
    tell_of(pending_.front());
  }
  commit();
}

void NotifierService::tell_of(PendingEvent& event) {
  auto& report = *event.report;
  if (const auto* builder = used_ ? used_->site().builder(report.build.builder) : nullptr)
    report.tags = builder->tags;
  std::vector<OwnedReporter*> to;
  for (auto& owned : reporters_)
    if (owned->core && owned->core->wants(event.number, report)) to.push_back(owned.get());
  if (to.empty()) {
    tell(event, {});
    pending_.pop_front();
    return;
  }
  gathering_ = true;
  gather(report, [this, to] {
    gathering_ = false;
    tell(pending_.front(), to);
    pending_.pop_front();
    work();
  });
}

// Reads what the event does not carry: changes, the builder's id, the buildset. The report outlives the
// reads, whose answers come in this order, or not at all when the state is thrown away.
void NotifierService::gather(BuildReport& report, std::function<void()> done) {
  if (!report.build.changes.empty())
    house_.read(store::changes(report.build.changes),
                [&report](std::vector<wire::Change> changes) { report.changes = std::move(changes); });
  house_.read(store::name_id(store::NameKind::builder, report.build.builder),
              [&report](std::optional<std::int64_t> id) { report.builder_id = id.value_or(0); });
  house_.read(store::buildset(report.build.buildset),
              [&report, done = std::move(done)](std::optional<store::StoredBuildset> stored) {
                if (stored) report.buildset = std::move(stored->set);
                done();
              });
}

// Every core passes the event; those of `to` with a message.
void NotifierService::tell(const PendingEvent& event, const std::vector<OwnedReporter*>& to) {
  for (auto& owned : reporters_) {
    if (!owned->core) continue;
    std::optional<Message> message;
    if (std::find(to.begin(), to.end(), owned.get()) != to.end()) {
      std::vector<std::string> complaints;
      message = owned->compose(*used_, *event.report, complaints);
      for (const auto& complaint : complaints)
        spdlog::warn("report is not as configured reporter={} place={} build={} reason={}",
                     owned->reporter.name, owned->reporter.place, event.report->build.id.value, complaint);
    }
    owned->core->on(event.upto, std::move(message));
  }
}

void NotifierService::commit() {
  for (auto& owned : reporters_) commit(*owned);
}

void NotifierService::commit(OwnedReporter& owned) {
  if (!owned.core) return;
  const auto batch = owned.core->next(house_.now());
  if (!batch) return;
  store::ReporterApply apply{owned.reporter.name, owned.role.term(), batch->from, batch->to, {}};
  for (const auto& message : batch->messages)
    apply.messages.push_back({message.key, encode_message(message)});
  const bool any = !batch->messages.empty();
  house_.commit(apply, [this, &owned, term = owned.role.term(), any](const auto& outcome) {
    if (!owned.core || owned.role.term() != term) return;  // lost meanwhile
    // Another term or another cursor: what we believe is out of date.
    if (!outcome)
      return house_.reload("reporter_apply of " + owned.reporter.name +
                           " was refused: " + outcome.error().text);
    owned.core->stored(house_.now());
    if (any) outbox(owned.reporter.name).look();
    commit(owned);
  });
}

void NotifierService::on_tick() {
  for (auto& owned : reporters_) {
    auto& one = *owned;
    one.role.hold(
        [this, &one] {
          lose(one);  // of a former term
          read_cursor(one, [this, &one] {
            if (one.core && one.core->cursor().number < read_.number)
              house_.reload("reporter " + one.reporter.name + " was taken over");
          });
        },
        [this, &one] { lose(one); });
    if (one.core) outbox(one.reporter.name).look();
  }
  work();
}

// Nothing new is sent; what is under way may end, then others may take over at once.
void NotifierService::stop(std::function<void()> done) {
  stopping_ = outboxes_.size() + 1;
  const auto idle = [this, done = std::move(done)] {
    if (--stopping_ > 0) return;
    for (auto& owned : reporters_)
      if (owned->role.held()) owned->role.release();
    // One batch, in order: when this is answered, the roles are free.
    if (house_.is_loaded())
      house_.commit(store::Tick{store::LeaseClock::roles}, [done](const auto&) { done(); });
    else
      done();
  };
  for (auto& [name, box] : outboxes_) box->stop(idle);
  idle();
}

}  // namespace headrace::notifier
