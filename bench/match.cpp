// SPDX-License-Identifier: Apache-2.0
// How long the dispatcher's core takes for one match, without sockets and without a store.
//
// usage: headrace-bench-match [WORKERS [BUILDERS]]     10000 and 500 when not given
//
// Every builder may use every worker. One JSON object a line:
//   match_one    every builder has requests pending, all workers are busy, one becomes free: one offer
//   match_all    every worker is free, every builder has one request pending: as many offers as builders
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "dispatcher/core.hpp"
#include "log/log.hpp"

namespace {

using namespace headrace;
using Clock = std::chrono::steady_clock;

double microseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

std::shared_ptr<config::Configuration> configuration(int workers, int builders) {
  const std::string text = "for i = 1, " + std::to_string(workers) +
                           " do worker('w' .. i) { slots = 1 } end\n"
                           "for i = 1, " +
                           std::to_string(builders) +
                           " do builder('b' .. i) { workers = '*', steps = step.compile {} } end\n";
  std::vector<config::Problem> problems;
  std::shared_ptr<config::Configuration> out =
      config::Configuration::evaluate({"headrace.lua", {{"headrace.lua", text}}, {}}, problems);
  for (const auto& p : problems) std::fprintf(stderr, "%s: %s\n", p.place.c_str(), p.text.c_str());
  if (!out) std::exit(1);
  return out;
}

class Farm {
 public:
  Farm(std::shared_ptr<config::Configuration> configuration, int workers, int builders, int requests)
      : core_({"bench", milliseconds(30'000), milliseconds(5'000), milliseconds(5'000), 5,
               [this] { return std::to_string(++nonces_); }},
              std::move(configuration), ConfigVersion{1}, {}, now_) {
    for (int i = 1; i <= workers; ++i) connect("w" + std::to_string(i), SessionId{i});
    for (int i = 0; i < builders * requests; ++i) request(i + 1, "b" + std::to_string(i % builders + 1));
  }

  /// Says how many slots the worker has free, as its message does.
  void ready(int worker, int free_slots) {
    say("w" + std::to_string(worker), wire::Ready{SessionId{worker}, free_slots});
  }
  /// @return the time in µs, and how many offers were made
  std::pair<double, int> match() {
    const auto begin = Clock::now();
    core_.match(now_);
    const auto actions = core_.take_actions();
    const double us = microseconds_since(begin);
    int offers = 0;
    for (const auto& action : actions) offers += std::holds_alternative<dispatcher::Commit>(action);
    return {us, offers};
  }

 private:
  template <class M>
  void say(const std::string& worker, const M& message) {
    core_.on_message(worker, worker, M::kName, wire::encode(message), now_);
  }
  void connect(const std::string& worker, SessionId session) {
    wire::Hello hello;
    hello.instance = "0123456789abcdef";
    say(worker, hello);
    for (const auto& action : core_.take_actions()) {
      const auto* commit = std::get_if<dispatcher::Commit>(&action);
      if (!commit) continue;
      store::Reply reply;
      reply.ok = true;
      reply.value = wire::encode_value(json::Array{session.value, json::Array{}, json::Array{}, ""});
      core_.on_answer(commit->ticket, std::move(reply), now_);
    }
    core_.take_actions();
  }
  void request(std::int64_t id, const std::string& builder) {
    wire::Buildset set;
    set.requests.resize(1);
    set.requests[0].builder = builder;
    wire::Event event;
    event.topic = "buildset.new";
    event.ids = {{"bsid", id}, {"first_request", id}};
    event.at_ms = id;
    event.body = wire::encode(set);
    core_.on_event(wire::read_event(event), now_);
  }

  dispatcher::Now now_{MonoTime(std::chrono::hours(1)), {}};
  int nonces_ = 0;
  dispatcher::Core core_;
};

}  // namespace

int main(int argc, char** argv) {
  const int workers = argc > 1 ? std::atoi(argv[1]) : 10'000;
  const int builders = argc > 2 ? std::atoi(argv[2]) : 500;
  if (workers < 1 || builders < 1) {
    std::fprintf(stderr, "usage: headrace-bench-match [WORKERS [BUILDERS]]: both at least 1\n");
    return 2;
  }
  const int runs = std::min(100, workers);
  spdlog::set_level(spdlog::level::err);
  const auto site = configuration(workers, builders);
  {
    Farm farm(site, workers, builders, runs / builders + 2);
    for (int i = 1; i <= workers; ++i) farm.ready(i, 0);
    std::vector<double> us;
    for (int run = 0; run < runs; ++run) {
      farm.ready(run + 1, 1);
      const auto [time, offers] = farm.match();
      if (offers != 1) return std::fprintf(stderr, "one offer was expected, not %d\n", offers), 1;
      us.push_back(time);
    }
    std::sort(us.begin(), us.end());
    std::printf(
        "{\"name\": \"match_one\", \"workers\": %d, \"builders\": %d, \"p50_us\": %.1f, \"max_us\": %.1f}\n",
        workers, builders, us[us.size() / 2], us.back());
  }
  Farm farm(site, workers, builders, 1);
  const auto [time, offers] = farm.match();
  std::printf("{\"name\": \"match_all\", \"workers\": %d, \"builders\": %d, \"offers\": %d, \"us\": %.1f}\n",
              workers, builders, offers, time);
  return 0;
}
