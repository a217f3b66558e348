// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/offers.hpp"

#include <algorithm>
#include <queue>

#include "dispatcher/plan.hpp"

namespace headrace::dispatcher {
namespace {

constexpr std::size_t kMaxWorkers = 8;   // number of workers in one offer
constexpr milliseconds kAfterMiss{200};  // another dispatcher was quicker, and its event is on the way
constexpr milliseconds kAfterRefusal{1000};
constexpr const char* kNoFreeSlot = "no free slot";  // a worker's reason that says nothing about the plan

}  // namespace

// The first requests of all builders compete: the one with the highest priority is offered first, then the
// oldest. A builder whose request was offered competes again with its next request. A builder without a free
// worker is left out until something changes.
void Offers::match() {
  if (!c_.configuration || !std::exchange(c_.match_needed, false)) return;
  c_.queue.drop_expired_delays(c_.now.mono);
  if (!c_.workers.any_free()) return;
  std::priority_queue<PendingQueue::Head, std::vector<PendingQueue::Head>, std::greater<>> heads(
      {}, c_.queue.heads(c_.now.mono));
  while (!heads.empty() && c_.workers.any_free()) {
    const auto head = heads.top();
    heads.pop();
    if (!offer(head.request)) continue;
    if (auto next = c_.queue.head_of(head.builder, c_.now.mono)) heads.push(std::move(*next));
  }
}

// Offers one request to the workers that could take it, those with the most free slots first.
// @return false when there is no such worker
bool Offers::offer(RequestId id) {
  const auto* request = c_.queue.find(id);
  const auto& site = c_.configuration->site();
  const auto* builder = site.builder(request->builder);
  if (!builder) return false;  // the request waits until a configuration has the builder again
  const auto workers = c_.workers.free_for(*builder, c_.now.mono, kMaxWorkers);
  if (workers.empty()) return false;

  store::Offer offer;
  offer.version = c_.version;
  offer.expiry = c_.settings.offer;
  offer.nonce = c_.settings.nonce();
  for (const auto& name : workers)
    offer.pairs.push_back(
        {id, name, c_.workers.find(name)->session, site.worker(name)->slots, builder->max_builds_per_worker});
  // The first worker counts as taken until the store has answered.
  c_.workers.reserve(workers.front(), request->builder);
  c_.queue.take(id);
  c_.out.commit(offer, [this, offer, builder = request->builder,
                        configuration = c_.configuration](const auto& outcome) {
    c_.workers.unreserve(offer.pairs.front().worker, builder);
    on_offered(offer, configuration, outcome);
  });
  return true;
}

// @param configuration  with which the offer was made; another one may be current by now
void Offers::on_offered(const store::Offer& offer, const ConfigurationPtr& configuration,
                        const store::Outcome<store::Offer::Answer>& outcome) {
  const RequestId id = offer.pairs.front().request;
  if (!outcome) return on_not_offered(id, outcome.error());
  const auto* request = c_.queue.find(id);
  const auto& worker = offer.pairs.at(outcome->pair).worker;
  const auto* link = c_.workers.find(worker);
  if (!request || !link) return;  // the request or the worker is gone: the offer expires

  auto& build = c_.claims.add(worker, {id, offer.nonce}, request->builder);
  build.slot = outcome->directory;
  build.configuration = configuration;
  const auto plan = plan_claim(build, offer.version, request->builder, *request->buildset);
  if (!plan) return end_unplannable(build, plan.error().text);
  wire::Offer message;
  message.session = link->session;
  message.claim = build.claim;
  message.expires_ms = c_.settings.offer.count();
  message.plan = wire::encode(*plan);
  c_.out.send(link->peer, message);
}

void Offers::on_not_offered(RequestId id, const store::Refusal& refusal) {
  c_.match_needed = true;
  const auto again = [this, id] {
    c_.queue.make_pending(id);
    c_.queue.delay(id, c_.now.mono + kAfterMiss);
  };
  if (refusal.why != store::Refused::none) {
    if (refusal.why != store::Refused::config)
      spdlog::warn("offer refused request={} reason={}", id.value, refusal.text);
    return again();
  }
  // Either no worker of the offer has a place, or the request is no longer pending. Only in the first case it
  // goes back to the queue here; in the second case events keep the queue right.
  c_.out.ask(ClaimOf{id, {}}, [id, again](const std::optional<store::Claimed>& claimed) {
    if (claimed && claimed->request.state == store::RequestState::pending) again();
  });
}

void Offers::end_unplannable(ActiveBuild& build, const std::string& reason) {
  spdlog::warn("build cannot be planned request={} builder={} reason={}", build.claim.request.value,
               build.build.builder, reason);
  const auto* link = c_.workers.find(build.worker);
  build.accepting = true;
  const store::Accept accept{build.claim, build.worker, link->session, build.build};
  c_.out.commit(accept, [this, accept, reason](const auto& accepted) {
    if (!accepted) return c_.remove_claim(accept.claim.request);
    auto record = accept.build;
    record.results = Results::exception;
    record.state_string = reason;
    record.complete_ms = c_.wall_ms();
    c_.out.commit(store::Progress{accept.claim, 1, {store::Progress::Finish{record}}},
                  [this, id = accept.claim.request](const auto&) { c_.remove_claim(id); });
  });
}

void Offers::on_accept(const std::string& worker, Link& link, const wire::Accept& message) {
  auto* build = c_.claims.find(message.claim, worker);
  if (!build) return c_.out.send(link.peer, wire::Fenced{message.claim, "the offer has expired"});
  const auto& b = build->build;
  if (build->running)
    return c_.out.send(link.peer, wire::Accepted{build->claim, b.id, b.number, b.started_ms});
  if (build->accepting) return;
  build->accepting = true;
  refusals_.erase(message.claim.request);
  c_.out.commit(store::Accept{build->claim, worker, link.session, b},
                [this, claim = build->claim, worker](const auto& outcome) {
                  if (c_.claims.find(claim)) return on_accepted(claim, outcome);
                  if (!outcome) c_.send_to(worker, wire::Fenced{claim, outcome.error().text});
                });
}

void Offers::on_accepted(const wire::Claim& claim, const store::Outcome<store::Accept::Answer>& outcome) {
  auto& build = *c_.claims.find(claim);
  build.accepting = false;
  if (!outcome) {
    c_.send_to(build.worker, wire::Fenced{claim, outcome.error().text});
    return c_.remove_claim(claim.request);
  }
  auto& b = build.build;
  build.running = true;
  b.id = outcome->build;
  b.number = outcome->number;
  b.started_ms = outcome->started_ms;
  b.attempt = outcome->attempt;
  spdlog::info("build started build={} builder={} number={} request={} attempt={} worker={}", b.id.value,
               b.builder, b.number, claim.request.value, b.attempt, build.worker);
  c_.send_to(build.worker, wire::Accepted{claim, b.id, b.number, b.started_ms});
}

// A plan that workers refuse is offered again after longer and longer delays. After the last attempt the
// build ends like one that cannot be planned.
void Offers::on_refuse(const std::string& worker, Link& link, const wire::Refuse& message) {
  auto* build = c_.claims.find(message.claim, worker);
  if (!build || build->running || build->accepting) return;
  const auto id = message.claim.request;
  spdlog::info("offer refused by the worker worker={} request={} reason={}", worker, id.value,
               message.reason);
  link.not_before = c_.now.mono + kAfterRefusal;
  const bool of_plan = message.reason != kNoFreeSlot;
  const int refusals = of_plan ? ++refusals_[id] : 0;
  if (refusals >= c_.settings.max_attempts) {
    refusals_.erase(id);
    return end_unplannable(*build, "refused by workers: " + message.reason);
  }
  c_.remove_claim(id);
  if (of_plan) c_.queue.delay(id, c_.now.mono + kAfterRefusal * (1 << std::min(refusals - 1, 6)));
  c_.out.commit(store::Release{message.claim, store::Release::Why::refused});
}

}  // namespace headrace::dispatcher
