// SPDX-License-Identifier: Apache-2.0
// Requests to workers: matching, offers, accepts.
#include <algorithm>

#include "dispatcher/messages.hpp"
#include "dispatcher/plan.hpp"

namespace headrace::dispatcher {
namespace {

constexpr std::size_t kMostWorkers = 8;  // tried in one offer
constexpr milliseconds kAfterMiss{200};  // another dispatcher was quicker: its event is on the way
constexpr milliseconds kAfterRefusal{1000};

}  // namespace

void Core::match_anew() { match_wanted_ = true; }

void Core::match() {
  if (!configuration_ || !match_wanted_) return;
  match_wanted_ = false;
  const auto now = effects_.now();
  queue_.end_delays(now);
  for (const auto& name : queue_.builders())
    while (const auto id = queue_.next_of_builder(name, now))
      if (!offer(*id)) break;  // no worker for this builder now
}

// Offers one request to the workers that could take it, the idlest first.
// @return false when there is none
bool Core::offer(RequestId id) {
  const auto* request = queue_.find(id);
  const auto* builder = configuration_->site().builder(request->builder);
  if (!builder) return false;  // the configuration may get it back; until then it waits
  struct Candidate {
    int free;
    std::string name;
  };
  std::vector<Candidate> candidates;
  for (const auto& name : builder->workers) {
    const auto found = links_.find(name);
    const auto* worker = configuration_->site().worker(name);
    if (found == links_.end() || !worker) continue;
    const auto& link = found->second;
    const int used = static_cast<int>(link.claims.size()) + link.reserved;
    const auto same = link.per_builder.find(request->builder);
    if (!link.session || link.free_slots <= 0 || used >= worker->slots || link.not_before > effects_.now() ||
        (same != link.per_builder.end() && same->second >= builder->max_builds_per_worker))
      continue;
    candidates.push_back({worker->slots - used, name});
  }
  if (candidates.empty()) return false;
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.free > b.free; });
  if (candidates.size() > kMostWorkers) candidates.resize(kMostWorkers);

  const auto nonce = effects_.nonce();
  store::Call call{"offer",
                   {std::to_string(version_.value), std::to_string(settings_.offer.count()), nonce,
                    std::to_string(candidates.size())}};
  std::vector<std::string> workers;
  for (const auto& c : candidates) {
    const auto& link = links_.at(c.name);
    call.args.insert(call.args.end(), {std::to_string(id.value), c.name, std::to_string(link.session.value),
                                       std::to_string(configuration_->site().worker(c.name)->slots),
                                       std::to_string(builder->max_builds_per_worker)});
    workers.push_back(c.name);
  }
  // Until the store has answered, the first candidate counts as taken.
  auto& first = links_.at(workers.front());
  ++first.reserved;
  ++first.per_builder[request->builder];
  queue_.take(id);
  effects_.commit(std::move(call), [this, id, nonce, workers](store::Reply r) {
    on_offered(id, nonce, workers, std::move(r));
  });
  return true;
}

void Core::on_offered(RequestId id, const std::string& nonce, const std::vector<std::string>& workers,
                      store::Reply reply) {
  const auto* request = queue_.find(id);
  if (const auto first = links_.find(workers.front()); first != links_.end()) {
    first->second.reserved = std::max(0, first->second.reserved - 1);
    if (request) {
      auto& count = first->second.per_builder[request->builder];
      count = std::max(0, count - 1);
    }
  }
  if (!reply.ok) {
    match_wanted_ = true;
    if (!request) return;
    // Not pending, or not there: if it is still ours to offer we try again soon, else an event tells.
    queue_.make_pending(id);
    queue_.delay(id, effects_.now() + kAfterMiss);
    if (!reply.refusal.starts_with("none") && !reply.refusal.starts_with("config"))
      spdlog::warn("offer refused request={} reason={}", id.value, reply.refusal);
    return;
  }
  const auto value = wire::decode_value(reply.value);
  const auto index = static_cast<std::size_t>(value->as_array().at(0).as_int() - 1);
  const auto& worker = workers.at(index);
  const auto link = links_.find(worker);
  if (!request || link == links_.end()) return;  // it went away meanwhile: the offer expires

  auto build = add_claim(worker, {id, nonce}, request->builder);
  build->slot = value->as_array().at(1).as_string();
  build->configuration = configuration_;
  if (!configuration_->site().builder(request->builder) || !configuration_->site().worker(worker)) return;
  const auto plan = plan_claim(*build, version_, request->builder, *request->buildset);
  if (!plan) return give_up(build, plan.error().text);
  wire::Offer message;
  message.session = link->second.session;
  message.claim = build->claim;
  message.expires_ms = settings_.offer.count();
  message.plan = wire::encode(*plan);
  send(link->second.peer, message);
}

// The configuration cannot say what to do: the build ends with EXCEPTION without troubling the worker.
void Core::give_up(std::shared_ptr<ActiveBuild> build, const std::string& reason) {
  spdlog::warn("build cannot be planned request={} builder={} reason={}", build->claim.request.value,
               build->build.builder, reason);
  const auto link = links_.find(build->worker);
  const std::string request = std::to_string(build->claim.request.value);
  effects_.commit({"accept",
                   {request, build->claim.nonce, build->worker, std::to_string(link->second.session.value),
                    wire::encode(build->build)}},
                  [this, build, reason, request](store::Reply accepted) {
                    if (!accepted.ok) return remove_claim(build->claim.request);
                    build->build.results = Results::exception;
                    build->build.state_string = reason;
                    build->build.complete_ms = effects_.wall_ms();
                    effects_.commit(
                        {"progress",
                         {request, build->claim.nonce, "1", "1", "finish",
                          std::to_string(static_cast<int>(Results::exception)), wire::encode(build->build)}},
                        [this, build](store::Reply) { remove_claim(build->claim.request); });
                  });
}

void Core::on_accept(const std::string& user, Link& link, const wire::Accept& message) {
  const auto build = find_claim(message.claim);
  if (!build) return send(link.peer, wire::Fenced{message.claim, "the offer has expired"});
  if (build->running)
    return send(link.peer,
                wire::Accepted{build->claim, build->build.id, build->build.number, build->build.started_ms});
  if (build->accepting) return;
  build->accepting = true;
  effects_.commit(
      {"accept",
       {std::to_string(build->claim.request.value), build->claim.nonce, user,
        std::to_string(link.session.value), wire::encode(build->build)}},
      [this, build, user](store::Reply r) {
        build->accepting = false;
        const auto l = links_.find(user);
        if (!r.ok) {
          if (l != links_.end()) send(l->second.peer, wire::Fenced{build->claim, r.refusal});
          return remove_claim(build->claim.request);
        }
        const auto value = wire::decode_value(r.value);
        const auto& v = value->as_array();
        build->running = true;
        build->build.id.value = v.at(0).as_int();
        build->build.number = v.at(1).as_int();
        build->build.started_ms = v.at(2).as_int();
        build->build.attempt = static_cast<int>(v.at(3).as_int());
        spdlog::info("build started build={} builder={} number={} request={} attempt={} worker={}",
                     build->build.id.value, build->build.builder, build->build.number,
                     build->claim.request.value, build->build.attempt, user);
        if (l != links_.end())
          send(l->second.peer,
               wire::Accepted{build->claim, build->build.id, build->build.number, build->build.started_ms});
      });
}

void Core::on_refuse(const std::string& user, Link& link, const wire::Refuse& message) {
  const auto build = find_claim(message.claim);
  if (!build || build->running || build->accepting) return;
  spdlog::info("offer refused by the worker worker={} request={} reason={}", user,
               message.claim.request.value, message.reason);
  link.not_before = effects_.now() + kAfterRefusal;
  remove_claim(message.claim.request);
  effects_.commit({"release", {std::to_string(message.claim.request.value), message.claim.nonce, "refused"}},
                  {});
}

std::shared_ptr<ActiveBuild> Core::add_claim(const std::string& worker, wire::Claim claim,
                                             const std::string& builder) {
  auto build = std::make_shared<ActiveBuild>();
  build->claim = std::move(claim);
  build->worker = worker;
  build->build.builder = builder;
  auto& link = links_.at(worker);
  link.claims.insert(build->claim.request);
  ++link.per_builder[builder];
  builds_[build->claim.request] = build;
  return build;
}

void Core::remove_claim(RequestId id) {
  const auto found = builds_.find(id);
  if (found == builds_.end()) return;
  const auto build = found->second;
  match_wanted_ = true;
  builds_.erase(found);
  if (const auto link = links_.find(build->worker); link != links_.end() && link->second.claims.erase(id)) {
    auto& count = link->second.per_builder[build->build.builder];
    count = std::max(0, count - 1);
  }
}

std::shared_ptr<ActiveBuild> Core::find_claim(const wire::Claim& claim) {
  const auto found = builds_.find(claim.request);
  return found != builds_.end() && found->second->claim == claim ? found->second : nullptr;
}

}  // namespace headrace::dispatcher
