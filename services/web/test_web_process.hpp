// SPDX-License-Identifier: Apache-2.0
// For tests: headrace-web as a process on a real Redis, and the events of a day in it.
#pragma once

#include <gtest/gtest.h>

#include <regex>

#include "config/configuration.hpp"
#include "http/client.hpp"
#include "logchunk/chunk.hpp"
#include "logstore/log_file.hpp"
#include "store/client.hpp"
#include "store/state/events.hpp"
#include "store/testing/harm.hpp"
#include "store/transitions/build.hpp"
#include "store/transitions/buildset.hpp"
#include "store/transitions/change.hpp"
#include "store/transitions/lease.hpp"
#include "store/transitions/log.hpp"
#include "store/transitions/site.hpp"
#include "support/program.hpp"
#include "support/redis_server.hpp"
#include "support/wait.hpp"
#include "web/testing/example_site.hpp"

namespace headrace::web {

using namespace std::chrono_literals;
inline const std::string kNonce(32, 'a');

class WebProcess : public testing::Test {
 protected:
  WebProcess() { connect(); }

  void connect() {
    store_ = std::make_unique<store::RawClient>(store::Settings{*store::parse_address(redis_.address())});
    store_->load_functions();
  }
  template <class Transition>
  typename Transition::Answer commit(const Transition& transition) {
    auto out = store_->commit(transition);
    EXPECT_TRUE(out) << Transition::kFunction << ": " << (out ? "" : out.error().text);
    return out ? std::move(*out) : typename Transition::Answer{};
  }
  using NameList = std::vector<std::pair<store::NameKind, std::string>>;
  void apply_config(const std::string& text, NameList names) {
    const config::Files files{"headrace.lua", {{"headrace.lua", text}}};
    std::vector<config::Problem> problems;
    if (!config::Configuration::evaluate(files, problems))
      for (const auto& p : problems) ADD_FAILURE() << p.place << ": " << p.text;
    version_ = commit(store::ConfigApply{std::nullopt, "digest-" + std::to_string(version_.value + 1),
                                         config::pack(files), std::move(names)});
  }
  void configure(const std::string& more = "") {
    apply_config(R"(
site { title = "Acme" }
worker "w1" { slots = 4 }
builder "kernel" { workers = { "w1" }, max_builds_per_worker = 4, steps = { step.shell { command = "true" } } }
)" + more,
                 {{store::NameKind::builder, "kernel"},
                  {store::NameKind::builder, "docs"},
                  {store::NameKind::worker, "w1"}});
    session_ = commit(store::WorkerHello{"w1", "0123456789abcdef", "d1", 30s, {}, {}}).session;
  }

  ChangeId change() {
    return commit(store::ChangeAdd{"", std::nullopt, {example_change("main", "r1")}}).at(0);
  }
  RequestId request(ChangeId change) {
    auto set = example_buildset({"kernel"}, {change});
    set.requests[0].priority = 0;
    return commit(store::BuildsetAdd{"", version_, set}).first_request;
  }
  /// Starts a build of the request. @return its id
  BuildId start(RequestId request) {
    commit(store::Offer{version_, 5s, kNonce, {{request, "w1", session_, 4, 4}}});
    return commit(
               store::Accept{{request, kNonce}, "w1", session_, example_build(request.value, "kernel", {})})
        .build;
  }
  void step(RequestId request, int sequence, const wire::StepRecord& s) {
    commit(store::Progress{{request, kNonce}, sequence, {store::Progress::Step{s}}});
  }
  void finish(RequestId request, int sequence, Results results, std::vector<wire::StepRecord> steps = {}) {
    auto build = example_build(request.value, "kernel", results);
    build.steps = std::move(steps);
    commit(store::Progress{{request, kNonce}, sequence, {store::Progress::Finish{build}}});
  }

  void run_web() {
    std::vector<std::string> words = prefix_;
    for (const auto& word :
         {std::string(HEADRACE_BIN_DIR) + "/headrace-web", std::string("--redis"), redis_.address(),
          std::string("--data"), data_.path(), std::string("--listen"), std::string("127.0.0.1:0")})
      words.push_back(word);
    web_ = std::make_unique<test::Program>(words);
    url_ = "http://" + *test::wait_for("the web's address", 20s, [&]() -> std::optional<std::string> {
             std::smatch found;
             const std::string output = web_->output();
             if (!std::regex_search(output, found, std::regex("listening address=(\\S+)")))
               return std::nullopt;
             return found[1].str();
           });
  }
  http::Reply get(const std::string& path) {
    http::Call call;
    call.url = url_ + path;
    call.headers = {{"Accept", "application/json"}};
    return http::call_and_wait(call);
  }
  json::Value json(const std::string& path) {
    return json::parse(get("/api/v2/" + path).body).value_or(nullptr);
  }
  /// 0: the history does not know it (yet).
  std::int64_t builder_id(const std::string& name) {
    const auto found = json("builders/" + name)["builders"];
    return found.is_array() ? found.as_array().at(0)["builderid"].int_or(0) : 0;
  }
  std::int64_t total(const std::string& path) { return json(path)["meta"]["total"].int_or(-1); }
  /// Waits until the history has reached the end of the event log.
  void wait_until_level() {
    const auto head = store_->read(store::head()).number.value;
    test::wait_for(
        "event " + std::to_string(head), 20s,
        [&] {
          std::smatch found;
          const std::string metrics = get("/metrics").body;
          return std::regex_search(metrics, found, std::regex("headrace_web_event_number (\\d+)")) &&
                 std::stoll(found[1]) >= head;
        },
        [&] { return web_->output(); });
  }
  /// All that REST shows, as text.
  std::string everything() {
    std::string out;
    for (const char* path : {"changes", "buildsets", "buildrequests", "builds?property=*", "builders",
                             "workers", "schedulers", "sourcestamps"})
      out += json::write(json(path)) + "\n";
    for (std::int64_t id = 1; id <= total("builds"); ++id) {
      out += json::write(json("builds/" + std::to_string(id) + "/steps")) + "\n";
      out += json::write(json("builds/" + std::to_string(id) + "/changes")) + "\n";
      out += json::write(json("builds/" + std::to_string(id) + "/steps/0/logs")) + "\n";
    }
    return out;
  }
  // A finished build, a running one with a step, a waiting request, a cancelled one.
  void a_day() {
    configure();
    const auto c = change();
    const auto done = request(c), running = request(c), waiting = request(c), cancelled = request(c);
    start(done);
    step(done, 1, example_step(0, "git", {}, 0));
    step(done, 2, example_step(0, "git", Results::success, 12));
    finish(done, 3, Results::warnings, {example_step(0, "git", Results::success, 12)});
    start(running);
    step(running, 1, example_step(0, "git", {}, 3));
    commit(store::RequestCancel{cancelled, "no"});
    EXPECT_TRUE(waiting);
  }

  test::RedisServer redis_;
  test::Folder data_;
  std::unique_ptr<store::RawClient> store_;
  std::unique_ptr<test::Program> web_;
  std::vector<std::string> prefix_;  ///< words before those of the web
  std::string url_;
  ConfigVersion version_;
  SessionId session_;
};

}  // namespace headrace::web
