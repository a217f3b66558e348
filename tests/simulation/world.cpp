// SPDX-License-Identifier: Apache-2.0
#include "simulation/world.hpp"

#include <cstdio>
#include <iterator>
#include <stdexcept>

#include "simulation/configurations.hpp"
#include "simulation/mutations.hpp"
#include "store/state/events.hpp"
#include "store/state/outbox.hpp"
#include "store/state/request.hpp"
#include "store/testing/harm.hpp"
#include "store/testing/inspect.hpp"
#include "store/transitions/site.hpp"
#include "wire/events.hpp"

namespace headrace::simulation {
namespace {

constexpr int kChanges = 20;
constexpr milliseconds kCalm{2'000};  // at the beginning
constexpr milliseconds kChaos{60'000};
constexpr milliseconds kDrain{300'000};
constexpr milliseconds kPartition{13'000};                      // at most; longer than the lease
constexpr const char* kWords[] = {"first", "second", "third"};  // of the configuration's versions

std::string revision_of(int n) { return "r" + std::to_string(n); }

}  // namespace

std::string Outcome::summary() const {
  return std::to_string(story.events) + " events, " + std::to_string(story.builds) + " builds (" +
         std::to_string(story.retried) + " retried), " + std::to_string(crashes) + " crashes, " +
         std::to_string(lost_connections) + " connections lost, " + std::to_string(to_ms(took) / 1000) + " s";
}

World::World(std::uint64_t seed, store::testing::VirtualRedis& redis, Mutation mutation)
    : env_(seed, redis), network_(env_, 2) {
  env_.mutation = mutation;
  expected_.schedulers = {{"each", {"alpha"}}, {"calm", {"beta", "gamma"}}};
  expected_.timed_scheduler = "calm";
  expected_.tree_stable = seconds(2 * env_.dice.between(0, 2) + 1);
  expected_.workers = {"w1", "w2", "w3"};
  choose_rates();
  env_.evaluate = evaluate_once;
  env_.publish = [this](const std::vector<wire::Event>& events) { publish(events); };
  network_.to_dispatcher = [this](std::size_t d, const std::string& peer, const std::string& user,
                                  const std::string& name, const std::string& body) {
    dispatchers_[d]->on_message(peer, user, name, body);
  };
  network_.to_worker = [this](const std::string& worker, const std::string& name, const std::string& body) {
    for (std::size_t i = 0; i < workers_.size(); ++i)
      if (expected_.workers[i] == worker) workers_[i]->on_message(name, body);
  };
  network_.disconnected = [this](const std::string& worker) {
    for (std::size_t i = 0; i < workers_.size(); ++i)
      if (expected_.workers[i] == worker) workers_[i]->on_disconnected();
  };
  for (std::size_t i = 0; i < 2; ++i) schedulers_.push_back(std::make_unique<SchedulerProcess>(env_, i));
  for (std::size_t i = 0; i < 2; ++i)
    dispatchers_.push_back(std::make_unique<DispatcherProcess>(env_, network_, i));
  for (std::size_t i = 0; i < 2; ++i) {
    intakes_.push_back(std::make_unique<IntakeProcess>(env_, i));
    notifiers_.push_back(std::make_unique<NotifierProcess>(env_, expected_.told, i));
  }
  for (auto& p : intakes_) services_.push_back(p.get());
  for (auto& p : notifiers_) services_.push_back(p.get());
  for (auto& p : schedulers_) services_.push_back(p.get());
  for (auto& p : dispatchers_) services_.push_back(p.get());
  for (const auto& name : expected_.workers)
    workers_.push_back(std::make_unique<WorkerProcess>(env_, network_, expected_.started, name));
}

void World::be_loud() {
  env_.trace = [this](const std::string& text) {
    std::fprintf(stderr, "%8.3f %s\n", static_cast<double>(env_.timeline.wall_ms() % 10'000'000) / 1000.0,
                 text.c_str());
  };
}

// Every seed has misfortunes of its own: some kinds often, some never.
void World::choose_rates() {
  auto& d = env_.dice;
  const auto some = [&](double most) {
    return d.chance(0.4) ? 0.0 : most * static_cast<double>(d.between(1, 100)) / 100.0;
  };
  const double scale = d.chance(0.2) ? 5 : 1;  // a very bad day
  auto& r = env_.rates;
  r.call_lost = some(0.02 * scale);
  r.answer_lost = some(0.02 * scale);
  r.crash_after_commit = some(0.01 * scale);
  r.bus_drop = some(0.4);
  r.bus_double = some(0.2);
  r.bus_late = some(0.2);
  r.message_drop = some(0.02 * scale);
  r.held_back = env_.mutation == Mutation::late_hello_counts ? 0.3 : some(0.3);
  r.publish_lost = some(0.5);
  r.spoilt = env_.mutation == Mutation::refused_without_end ? 0.05 : some(0.02);
  r.slowest_ms = static_cast<int>(d.chance(0.1) ? 1000 : d.between(2, 100));
  r.redis_ms = static_cast<int>(d.chance(0.1) ? 250 : d.between(0, 5));
  worst_gap_ms_ = static_cast<int>(d.between(1000, 10'000));
}

void World::apply_configuration(const std::string& word) {
  store::ConfigApply apply;
  apply.digest = "digest of " + word;
  apply.files =
      config::pack(configuration_files(word, std::chrono::duration_cast<seconds>(expected_.tree_stable)));
  std::vector<wire::Event> events;
  const auto version = env_.store.commit(apply, &events);
  if (!version) throw std::logic_error("the configuration: " + version.error().text);
  expected_.versions[*version] = word;
  publish(events);
}

// Another one every while, also while builds run.
void World::change_configuration() {
  if (!env_.chaos) return;
  apply_configuration(kWords[env_.dice.index(std::size(kWords))]);
  env_.timeline.after(env_.dice.wait(3000, 30'000), [this] { change_configuration(); });
}

void World::publish(const std::vector<wire::Event>& events) {
  const auto deliver = [this](Process& process, const wire::Event& event) {
    if (env_.misfortune(env_.rates.bus_drop)) return;
    const int copies = env_.misfortune(env_.rates.bus_double) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      const auto wait = env_.misfortune(env_.rates.bus_late) ? env_.dice.wait(0, 2000) : env_.dice.wait(0, 5);
      env_.timeline.after(wait, [&process, event] { process.hear(event); });
    }
  };
  for (const auto& event : events) {
    check_lived(event);
    env_.trace("event " + std::to_string(event.number.value) + " " + event.topic + " request=" +
               std::to_string(event.id("request")) + " build=" + std::to_string(event.id("buildid")) +
               " results=" + std::to_string(event.id("results")));
    for (auto* p : services_)
      if (!p->follows_event_log()) deliver(*p, event);
  }
}

// No build is given away while its worker runs it and has a lease by its own count.
void World::check_lived(const wire::Event& event) {
  const auto any = wire::read_event(event);
  const auto* e = std::get_if<wire::BuildFinished>(&any);
  if (!e || e->results != Results::retry || expected_.reports_excused > 0) return;  // Redis did not go back
  const auto worker = e->build().value().worker;
  for (std::size_t i = 0; i < workers_.size(); ++i)
    if (expected_.workers[i] == worker && workers_[i]->runs_with_lease(e->id))
      seen_.push_back(
          {"sessions", "build " + std::to_string(e->id.value) + " was lost, and its worker lived"});
}

void World::send_changes() {
  unanswered_ = kChanges;
  for (int n = 1; n <= kChanges; ++n)
    env_.timeline.after(env_.dice.wait(500, 45'000), [this, n] { post_change(n, false); });
}

// A sender repeats until it is answered 2xx, and sometimes once more.
void World::post_change(int n, bool again) {
  wire::Change change;
  change.revision = revision_of(n);
  change.branch = "main";
  change.repository = n % 3 ? "git/one" : "git/two";
  change.author = "somebody";
  change.files = {"file" + std::to_string(n)};
  if (expected_.revisions.contains(*change.revision) && !again) return;
  const bool keyless = again && env_.mutation == Mutation::change_without_key;
  const auto answered = [this, n, revision = *change.revision](int status) {
    if (status / 100 != 2 || !expected_.revisions.insert(revision).second) return;
    --unanswered_;
    if (env_.dice.chance(0.3))
      env_.timeline.after(env_.dice.wait(0, 10'000), [this, n] { post_change(n, true); });
  };
  intakes_[env_.dice.index(2)]->post(change, keyless ? "" : "delivery" + std::to_string(n), answered);
  if (env_.mutation == Mutation::hook_answered_early) answered(200);
  if (!again) env_.timeline.after(env_.dice.wait(2000, 10'000), [this, n] { post_change(n, false); });
}

void World::cancel_something() {
  const auto open = env_.store.read(store::open_requests()).requests;
  if (open.empty()) return;
  const auto id = open[env_.dice.index(open.size())].request.id;
  std::vector<wire::Event> events;
  if (!env_.store.commit(store::RequestCancel{id, "a person says so"}, &events)) return;
  expected_.cancelled.insert(id.value);
  publish(events);
}

// Everything is well and a build runs: a cancel is obeyed within two heartbeats, and the ways to say it.
void World::cancel_in_peace() {
  for (const auto& open : env_.store.read(store::open_requests()).requests) {
    const auto id = open.request.id;
    const auto build = open.request.build;
    if (open.request.state != store::RequestState::running) continue;
    std::vector<wire::Event> events;
    if (!env_.store.commit(store::RequestCancel{id, "nobody waits for it"}, &events)) continue;
    expected_.cancelled.insert(id.value);
    publish(events);
    const milliseconds ways{2 * env_.rates.slowest_ms + 8 * env_.rates.redis_ms};
    return env_.timeline.after(2 * kHeartbeat + ways, [this, id, build] {
      const auto request = env_.store.read(store::request(id));
      const bool runs = request && request->state == store::RequestState::running && request->build == build;
      // A build that cannot go on cannot be stopped either: these bugs are found as others.
      const bool stuck =
          env_.mutation == Mutation::never_accepted || env_.mutation == Mutation::refused_without_end;
      if (runs && !stuck) seen_.push_back({"cancels", "build " + std::to_string(build.value) + " goes on"});
      cancelled_in_peace_ = true;
    });
  }
  env_.timeline.after(milliseconds(100), [this] { cancel_in_peace(); });
}

void World::misfortune() {
  if (!env_.chaos) return;
  auto& d = env_.dice;
  const auto worker = d.index(workers_.size());
  const bool freezes = env_.mutation == Mutation::lease_uncounted && d.chance(0.5);
  switch (freezes ? 6 : d.between(0, 15)) {
    case 0:
    case 1:
      dispatchers_[d.index(2)]->crash();
      break;
    case 2:
      schedulers_[d.index(2)]->crash();
      break;
    case 3:
    case 4:
      workers_[worker]->crash();
      break;
    case 5:
      workers_[worker]->freeze(d.wait(100, 8000));
      break;
    case 6:
      workers_[worker]->freeze(kWorkerLease + d.wait(1, 8000));
      break;
    case 7:
    case 8:
      network_.break_connection(expected_.workers[worker]);
      break;
    case 9:
      network_.partition(expected_.workers[worker], d.index(2), d.wait(100, kPartition.count()));
      break;
    case 10:
      services_[d.index(services_.size())]->lose_redis();
      break;
    case 11:
      d.chance(0.5) ? redis_goes_away() : dispatchers_[d.index(2)]->lose_log_line();
      break;
    case 12:
      cancel_something();
      break;
    case 14:
      intakes_[d.index(2)]->crash();
      break;
    case 15:
      notifiers_[d.index(2)]->crash();
      break;
    case 13:
      services_[d.index(services_.size())]->set_clock(d.wait(-3'600'000, 3'600'000));
      break;
  }
  env_.timeline.after(d.wait(50, worst_gap_ms_), [this] { misfortune(); });
}

void World::redis_goes_away() {
  env_.trace("redis goes away");
  env_.redis_down = true;
  for (auto* p : services_) p->lose_redis();
  env_.timeline.after(env_.dice.wait(10, 15'000), [this] { env_.redis_down = false; });
}

// A copy is made of Redis, and a while later everything since then is lost: what was answered, too. Whoever
// sent a push in between sends it again.
void World::redis_goes_back() {
  env_.trace("redis is copied");
  copied_ = env_.store.copy();
  stored_then_ = expected_.revisions;
  env_.timeline.after(env_.dice.wait(10, 10'000), [this] {
    env_.trace("redis goes back");
    ++expected_.reports_excused;
    for (auto& p : dispatchers_) p->lose_log_line();
    for (auto* p : services_) p->lose_redis();
    const auto known = accepted_builds(env_.store);
    env_.store.go_back(*copied_);
    const auto left = accepted_builds(env_.store);
    for (const auto& [build, version] : known)
      if (!left.contains(build)) expected_.forgotten.insert(build);
    for (auto& [argv, what] : expected_.started) what.disturbed = true;
    for (int n = 1; n <= kChanges && env_.mutation != Mutation::loss_unheard; ++n) {
      const auto revision = revision_of(n);
      if (stored_then_.contains(revision) || expected_.revisions.erase(revision) == 0) continue;
      ++unanswered_;
      post_change(n, false);
    }
  });
}

// Every second until something is wrong.
void World::watch() {
  const bool steal = env_.mutation == Mutation::slot_stolen && !std::exchange(env_.mutated, true);
  if (steal) store::testing::steal_slot(env_.store.raw(), "w2", true);
  const auto slots = check_slots(env_.store, capacity_);
  seen_.insert(seen_.end(), slots.begin(), slots.end());
  if (steal) store::testing::steal_slot(env_.store.raw(), "w2", false);
  if (seen_.empty()) env_.timeline.after(seconds(1), [this] { watch(); });
}

bool World::drained() {
  if (!cancelled_in_peace_ || unanswered_ != 0 || env_.store.read(store::count_open_requests()) != 0)
    return false;
  const auto reporter = env_.store.read(store::reporter_cursor("http"));
  if (reporter.number != env_.store.read(store::head()).number) return false;
  if (env_.store.read(store::due_messages("http", 1)).size != 0) return false;
  if (store::testing::waiting_lists(env_.store.raw()) != 0) return false;
  if (env_.store.read(store::scheduler_cursor()).number != env_.store.read(store::head()).number)
    return false;
  for (const auto& worker : workers_)
    if (worker->builds() != 0) return false;
  return true;
}

bool World::wait_until_drained(milliseconds limit) {
  const auto end = env_.timeline.now() + limit;
  while (!drained()) {
    if (env_.timeline.now() >= end) return false;
    env_.timeline.run_until(env_.timeline.now() + seconds(1));
  }
  return true;
}

Outcome World::run() {
  const auto start = env_.timeline.now();
  apply_configuration(kWords[0]);
  for (auto& p : intakes_) p->start();
  for (auto& p : notifiers_) p->start();
  for (auto& p : schedulers_) p->start();
  for (auto& p : dispatchers_) p->start();
  for (auto& w : workers_) w->start();
  send_changes();
  capacity_ = {{"w1", 2}, {"w2", 1}, {"w3", 3}};
  watch();
  // The notifiers have to be there once: a reporter tells of what happens after it was first seen.
  env_.chaos = false;
  env_.timeline.after(kCalm, [this] {
    env_.chaos = true;
    misfortune();
  });
  if (env_.dice.chance(0.5))
    env_.timeline.after(env_.dice.wait(3000, 30'000), [this] { change_configuration(); });
  if (env_.dice.chance(0.3) || env_.mutation == Mutation::loss_unheard)
    env_.timeline.after(env_.dice.wait(3000, 45'000), [this] { redis_goes_back(); });
  env_.timeline.run_until(start + kChaos);
  env_.chaos = false;
  env_.trace("the chaos ends");
  env_.timeline.after(kPartition + 2 * kWorkerLease, [this] {
    ++unanswered_;
    post_change(kChanges + 1, false);
    cancel_in_peace();
  });

  Outcome out;
  bool done = wait_until_drained(kDrain);
  if (done && spoil_the_end(env_)) {
    for (auto& p : dispatchers_) p->crash();
    env_.timeline.run_until(env_.timeline.now() + seconds(10));
    done = wait_until_drained(kDrain);
  }
  if (done) {
    for (auto& w : workers_) w->stop();
    env_.timeline.run_until(env_.timeline.now() + kPartition +
                            2 * kWorkerLease);  // for late hellos and lost goodbyes
    out.violations = check(env_.store, expected_);
  } else {
    // Everything else would follow from this.
    std::string open;
    for (const auto& one : env_.store.read(store::open_requests()).requests)
      open += " " + std::to_string(one.request.id.value) + "=" +
              std::string(store::request_state_name(one.request.state));
    int held = 0;
    for (auto& w : workers_) held += w->builds();
    out.violations = {{"drained", "after " + std::to_string(kDrain.count() / 1000) +
                                      " quiet seconds these requests are open:" + open +
                                      "; builds on workers: " + std::to_string(held) + "; waiting lists: " +
                                      std::to_string(store::testing::waiting_lists(env_.store.raw()))}};
  }
  out.violations.insert(out.violations.end(), seen_.begin(), seen_.end());
  out.story = summary_of(env_.store);
  out.crashes = env_.crashes;
  out.lost_connections = env_.lost_connections;
  out.took = env_.timeline.now() - start;
  return out;
}

}  // namespace headrace::simulation
