// SPDX-License-Identifier: Apache-2.0
#include "notifier/service.hpp"

#include <algorithm>

#include "log/log.hpp"
#include "notifier/http_report.hpp"
#include "notifier/mail_report.hpp"
#include "wire/codec.hpp"

namespace headrace::notifier {

void NotifierService::start() {
  auto& host = *host_;
  client_ = std::make_unique<http::Client>(host.io());
  config_ = std::make_unique<service::LiveConfig>(host);
  host.metrics().counter("headrace_notifier_sent_total", "messages that their receiver took");
  host.metrics().counter("headrace_notifier_failed_total", "tries that failed");
  host.metrics().counter("headrace_notifier_given_up_total", "messages given up");
  host.metrics().gauge("headrace_notifier_reporters", "reporters that are this process's", [this] {
    return static_cast<double>(std::count_if(reporters_.begin(), reporters_.end(),
                                             [](const auto& r) { return r->core != nullptr; }));
  });
}

Outbox& NotifierService::outbox(const std::string& reporter) {
  auto& slot = outboxes_[reporter];
  if (!slot) slot = std::make_unique<Outbox>(*host_, *client_, reporter);
  return *slot;
}

// ---- loading ----

void NotifierService::load() {
  auto& host = *host_;
  unload();  // what an interrupted load left
  // The reporters of the store are read before the version of the configuration: one that is not in it has
  // not been added meanwhile.
  host.command({"SMEMBERS", host.store().keys()("reporters")}, [this](store::RedisReply stored) {
    config_->refresh([this, stored = std::move(stored)] {
      used_ = config_->current();
      drop_unknown(stored);
      load_roles();
    });
  });
}

// A reporter that was taken out of the configuration: its cursor would keep the event log from being trimmed.
void NotifierService::drop_unknown(const store::RedisReply& stored) {
  if (!used_) return;
  const auto& known = used_->site().reporters;
  for (const auto& name : stored.items) {
    if (std::any_of(known.begin(), known.end(), [&](const auto& r) { return r.name == name.text; })) continue;
    spdlog::warn("reporter is in the configuration no more, its outbox is dropped reporter={}", name.text);
    host_->commit({"reporter_drop", {name.text, std::to_string(config_->version().value)}}, {});
  }
}

void NotifierService::load_roles() {
  if (used_)
    for (const auto& reporter : used_->site().reporters)
      reporters_.push_back(std::make_unique<Owned>(*host_, reporter));
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

void NotifierService::read_cursor(Owned& owned, std::function<void()> done) {
  const auto term = owned.role.term();
  host_->commit({"cursor_start", {owned.reporter.name, std::to_string(term)}}, [this, &owned, term,
                                                                                done](store::Reply r) {
    const auto value = r.ok ? wire::decode_value(r.value) : Result<json::Value>(json::Value());
    if (value && value->is_array() && value->as_array().size() == 2) {
      const auto& at = value->as_array();
      const events::Cursor cursor{EventNumber{at[0].int_or(0)}, at[1].string_or("")};
      owned.core = std::make_unique<Core>(owned.reporter, cursor, mono_now());
      outbox(owned.reporter.name).activate(owned.reporter, term);
      spdlog::info("reporter is ours reporter={} event={}", owned.reporter.name, cursor.number.value);
    } else {
      spdlog::warn("reporter has no cursor reporter={} reason={}", owned.reporter.name, r.refusal);
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
    return host_->loaded(read_);
  }
  // Nothing is ours: events are read from the end on, to hear of a new configuration.
  host_->command({"HMGET", host_->store().keys()("head"), "n", "tag"}, [this](store::RedisReply r) {
    read_ = {};
    if (r.items.size() == 2 && !r.items[0].text.empty())
      read_ = {EventNumber{std::stoll(r.items[0].text)}, r.items[1].text};
    host_->loaded(read_);
  });
}

void NotifierService::unload() {
  for (auto& [name, box] : outboxes_) box->deactivate();
  reporters_.clear();
  items_.clear();
  gathering_ = false;
  awaited_ = 0;
}

void NotifierService::lose(Owned& owned) {
  owned.core.reset();
  outbox(owned.reporter.name).deactivate();
}

// ---- events ----

void NotifierService::on_event(const wire::Event& event) {
  read_ = {event.number, event.tag};
  const bool says_something = event.is("build.finished") ||
                              (event.is("config.applied") && event.id("version") > config_->tried().value);
  if (says_something)
    items_.push_back({event, read_});
  else if (!items_.empty())
    items_.back().upto = read_;
  else
    tell({{}, read_}, nullptr, {});
}

void NotifierService::on_events_drained() { work(); }

void NotifierService::work() {
  while (!items_.empty() && !gathering_) {
    const Item& item = items_.front();
    if (item.event.is("config.applied")) return host_->reload("a new configuration was applied");
    work_on(item);
  }
  commit();
}

void NotifierService::work_on(const Item& item) {
  auto report = report_from(item.event);
  std::vector<Owned*> to;
  if (!report) {
    spdlog::error("event cannot be reported reason={}", report.error().text);
  } else {
    if (const auto* builder = used_ ? used_->site().builder(report->build.builder) : nullptr)
      report->tags = builder->tags;
    for (auto& owned : reporters_)
      if (owned->core && owned->core->wants(item.event.number, *report)) to.push_back(owned.get());
  }
  if (to.empty()) {
    tell(item, nullptr, {});
    items_.pop_front();
    return;
  }
  gathering_ = true;
  gather(std::move(*report), [this, to](Report whole) {
    gathering_ = false;
    tell(items_.front(), &whole, to);
    items_.pop_front();
    work();
  });
}

// Reads what the event does not carry: buildset, changes, the builder's id. Dropped when the state is loaded
// again.
void NotifierService::gather(Report report, std::function<void(Report)> done) {
  const auto& keys = host_->store().keys();
  auto whole = std::make_shared<Report>(std::move(report));
  if (!whole->build.changes.empty()) {
    std::vector<std::string> get = {"HMGET", keys("changes")};
    for (const auto id : whole->build.changes) get.push_back(std::to_string(id.value));
    host_->command(std::move(get), [whole](store::RedisReply r) {
      for (std::size_t i = 0; i < r.items.size() && i < whole->build.changes.size(); ++i) {
        auto change = wire::decode<wire::Change>(r.items[i].text);
        if (!change) continue;  // let go by retention
        change->id = whole->build.changes[i];
        whole->changes.push_back(std::move(*change));
      }
    });
  }
  host_->command({"HGET", keys("ids:builder"), whole->build.builder}, [whole](store::RedisReply r) {
    if (!r.text.empty()) whole->builder_id = std::stoll(r.text);
  });
  host_->command({"HGET", keys("buildset:" + std::to_string(whole->build.buildset.value)), "body"},
                 [whole, done = std::move(done)](store::RedisReply r) {
                   if (auto buildset = wire::decode<wire::Buildset>(r.text))
                     whole->buildset = std::move(*buildset);
                   done(std::move(*whole));
                 });
}

// Every core passes the item; those of `to` with a message.
void NotifierService::tell(const Item& item, const Report* report, const std::vector<Owned*>& to) {
  for (auto& owned : reporters_) {
    if (!owned->core) continue;
    std::optional<Message> message;
    if (std::find(to.begin(), to.end(), owned.get()) != to.end()) {
      std::vector<std::string> complaints;
      message = owned->reporter.kind == "mail" ? mail_report(*used_, owned->reporter, *report, complaints)
                                               : http_report(used_->site(), *report);
      for (const auto& complaint : complaints)
        spdlog::warn("report is not as configured reporter={} place={} build={} reason={}",
                     owned->reporter.name, owned->reporter.place, report->build.id.value, complaint);
    }
    owned->core->on(item.upto, std::move(message));
  }
}

void NotifierService::commit() {
  for (auto& owned : reporters_) commit(*owned);
}

void NotifierService::commit(Owned& owned) {
  if (!owned.core) return;
  const auto batch = owned.core->next(mono_now());
  if (!batch) return;
  std::vector<std::string> args = {owned.reporter.name,
                                   std::to_string(owned.role.term()),
                                   std::to_string(batch->from.value),
                                   std::to_string(batch->to.number.value),
                                   batch->to.tag,
                                   std::to_string(batch->messages.size())};
  for (const auto& message : batch->messages) {
    args.push_back(message.key);
    args.push_back(encode_message(message));
  }
  const bool any = !batch->messages.empty();
  host_->commit(
      {"reporter_apply", std::move(args)}, [this, &owned, term = owned.role.term(), any](store::Reply r) {
        if (!owned.core || owned.role.term() != term) return;  // lost meanwhile
        // Another term or another cursor: what we believe is out of date.
        if (!r.ok)
          return host_->reload("reporter_apply of " + owned.reporter.name + " was refused: " + r.refusal);
        owned.core->stored(mono_now());
        if (any) outbox(owned.reporter.name).look();
        commit(owned);
      });
}

// ---- time ----

void NotifierService::on_tick() {
  for (auto& owned : reporters_) {
    auto& one = *owned;
    one.role.hold(
        [this, &one] {
          lose(one);  // of a former term
          read_cursor(one, [this, &one] {
            if (one.core && one.core->cursor().number < read_.number)
              host_->reload("reporter " + one.reporter.name + " was taken over");
          });
        },
        [this, &one] { lose(one); });
    if (one.core) outbox(one.reporter.name).look();
  }
  work();
}

// Nothing new is sent; what is under way may end, then others may take over at once.
void NotifierService::stop(std::function<void()> done) {
  auto left = std::make_shared<std::size_t>(outboxes_.size() + 1);
  const auto idle = [this, left, done] {
    if (--*left > 0) return;
    for (auto& owned : reporters_)
      if (owned->role.held()) owned->role.release();
    // One batch, in order: when this is answered, the roles are free.
    if (host_->is_loaded())
      host_->commit({"tick", {"roles"}}, [done](store::Reply) { done(); });
    else
      done();
  };
  for (auto& [name, box] : outboxes_) box->stop(idle);
  idle();
}

}  // namespace headrace::notifier
