// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/recovery.hpp"

#include <memory>

#include "dispatcher/plan.hpp"
#include "store/transitions/build.hpp"
#include "store/transitions/lease.hpp"

namespace headrace::dispatcher {
namespace {

constexpr seconds kSettleDelay{3};

}  // namespace

void Recovery::adopt(const std::string& worker, SessionId session,
                     const std::vector<std::pair<wire::Claim, BuildId>>& claims, std::function<void()> done) {
  if (claims.empty()) return done();
  // The counter is shared by the answers: the last answer calls `done`.
  const auto left = std::make_shared<std::size_t>(claims.size());
  const auto one_less = [left, done = std::move(done)] {
    if (--*left == 0) done();
  };
  for (const auto& held : claims) {
    const auto claim = held.first;
    const auto build = held.second;
    c_.claims.begin_adoption(claim.request);
    c_.out.ask(ClaimOf{claim.request, build}, [=, this](std::optional<store::Claimed> claimed) {
      const bool valid = claimed && claimed->request.nonce == claim.nonce && claimed->set;
      if (!valid) {
        c_.claims.end_adoption(claim.request);
        return one_less();
      }
      const auto version = claimed->request.config;
      c_.out.want_configuration(version, [=, this, claimed = std::move(*claimed)](ConfigurationPtr p) {
        adopt_one(worker, session, claim, claimed, std::move(p));
        one_less();
      });
    });
  }
}

void Recovery::adopt_one(const std::string& worker, SessionId session, const wire::Claim& claim,
                         const store::Claimed& claimed, ConfigurationPtr configuration) {
  const auto cancel = c_.claims.end_adoption(claim.request);
  const auto* link = c_.workers.find(worker);
  const auto& request = claimed.request;
  const bool running = request.state == store::RequestState::running;
  const bool open = running || request.state == store::RequestState::offered;
  if (!link || link->session != session || !open || (running && !claimed.running)) return;
  c_.queue.take(claim.request);
  auto& build = c_.claims.add(worker, claim, request.builder);
  build.configuration = std::move(configuration);
  build.slot = request.directory;
  build.running = running;
  for (const auto& [log, extent] : claimed.logs) build.logs[log] = {extent, extent, 0};
  if (running) {
    build.build = claimed.running->build;
    build.sequence_committed = build.sequence_sent = claimed.running->sequence;
  } else if (const auto plan = plan_claim(build, request.config, request.builder, *claimed.set); !plan) {
    // The worker has the plan already. plan_claim() is called for the record with which the build starts.
    spdlog::error("adopted offer cannot be planned request={} reason={}", claim.request.value,
                  plan.error().text);
  }
  build.build.builder = request.builder;
  build.cancel_reason = cancel ? cancel : request.cancel_reason;
  spdlog::info("build adopted build={} builder={} request={} worker={}", build.build.id.value,
               request.builder, claim.request.value, worker);
}

void Recovery::recheck_claim(RequestId id) {
  c_.out.ask(ClaimOf{id, {}}, [this, id](const std::optional<store::Claimed>& claimed) {
    const auto* build = c_.claims.find(id);
    if (build && claimed && build->claim.nonce == claimed->request.nonce) return;
    // Another dispatcher has seen the offer expire.
    if (build && !build->running && !build->accepting) c_.workers.distrust(build->worker);
    c_.remove_claim(id);
    if (claimed && claimed->request.state == store::RequestState::pending) c_.queue.make_pending(id);
  });
}

void Recovery::release_or_declare_lost(RequestId id) {
  c_.out.ask(ClaimOf{id, {}}, [this](const std::optional<store::Claimed>& claimed) {
    if (!claimed) return;
    if (claimed->request.state == store::RequestState::running) return declare_lost(*claimed);
    if (claimed->request.state == store::RequestState::offered) release(claimed->request.claim());
  });
}

void Recovery::release(const wire::Claim& claim) {
  using Why = store::Release::Why;
  c_.out.commit(store::Release{claim, Why::orphan}, [this, claim](const auto& as_orphan) {
    if (as_orphan) return c_.remove_claim(claim.request);
    c_.out.commit(store::Release{claim, Why::expired}, [this, claim](const auto& as_expired) {
      if (!as_expired) return;
      if (const auto* offer = c_.claims.find(claim)) c_.workers.distrust(offer->worker);
      c_.remove_claim(claim.request);
    });
  });
}

void Recovery::declare_lost(const store::Claimed& claimed) {
  const auto& request = claimed.request;
  if (!claimed.running) return;
  auto record = claimed.running->build;
  auto results = Results::retry;
  if (request.cancel_reason)
    results = Results::cancelled;
  else if (request.attempts >= c_.settings.max_attempts)
    results = Results::exception;
  close_lost(record, results, claimed.logs, c_.wall_ms());
  MoveLogs logs{record.id, {}, record.started_ms};
  for (const auto& [log, extent] : claimed.logs) logs.sizes[log] = extent.size_bytes;
  c_.out.commit(store::BuildLost{request.claim(), c_.settings.max_attempts, record},
                [this, id = request.id, worker = record.worker, logs](const auto& outcome) {
                  if (!outcome) {
                    if (outcome.error().why == store::Refused::stale) release_or_declare_lost(id);
                    return;
                  }
                  spdlog::warn("build was lost with its worker build={} request={} worker={} result={}",
                               logs.build.value, id.value, worker, results_name(*outcome));
                  c_.remove_claim(id);
                  c_.out.move_logs(logs);
                });
}

void Recovery::settle_stale_slots(const std::string& worker) {
  c_.out.ask(SlotsOf{worker}, [this](const std::vector<RequestId>& requests) {
    for (const auto id : requests)
      if (!c_.claims.contains(id)) release_or_declare_lost(id);
  });
}

void Recovery::settle_stale_slots_later(const std::string& worker) {
  settle_at_[worker] = c_.now.mono + kSettleDelay;
}

void Recovery::declare_worker_lost(const std::string& worker, std::function<void()> gone) {
  c_.out.ask(SessionOf{worker},
             [this, worker, gone = std::move(gone)](const std::optional<store::Worker>& w) {
               if (!w) return;
               spdlog::warn("worker's lease has run out worker={} session={}", worker, w->session.value);
               c_.out.commit(store::WorkerGone{worker, w->session, store::WorkerGone::Why::expired},
                             [this, worker, gone](const auto& outcome) {
                               if (!outcome) return;
                               gone();
                               settle_stale_slots(worker);
                             });
             });
}

void Recovery::on_tick() {
  std::vector<std::string> due;
  for (const auto& [worker, when] : settle_at_)
    if (when <= c_.now.mono) due.push_back(worker);
  for (const auto& worker : due) {
    settle_at_.erase(worker);
    settle_stale_slots(worker);
  }
}

}  // namespace headrace::dispatcher
