// SPDX-License-Identifier: Apache-2.0
// The notifier's process between a real Redis and real receivers, each of which dies at the wrong moment.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>

#include "config/configuration.hpp"
#include "notifier/testing/receivers.hpp"
#include "store/client.hpp"
#include "store/state/events.hpp"
#include "store/state/outbox.hpp"
#include "store/state/site.hpp"
#include "store/testing/harm.hpp"
#include "store/transitions/build.hpp"
#include "store/transitions/buildset.hpp"
#include "store/transitions/change.hpp"
#include "store/transitions/lease.hpp"
#include "store/transitions/site.hpp"
#include "support/redis_server.hpp"
#include "wire/codec.hpp"
#include "wire/records.hpp"

namespace headrace::notifier {
namespace {

const std::string kNonce(32, 'a');

class Notifier : public testing::Test {
 protected:
  Notifier() { connect(); }

  void connect() {
    store = std::make_unique<store::BlockingClient>(store::Settings{*store::parse_address(redis.address())});
    store->load_functions();
  }
  template <class Transition>
  typename Transition::Answer commit(const Transition& transition) {
    auto outcome = store->commit(transition);
    EXPECT_TRUE(outcome) << outcome.error().text;
    return outcome ? *outcome : typename Transition::Answer{};
  }

  std::string mail_reporter(const std::string& more = "mode = \"all\"") const {
    return "reporter.mail { from = \"CI <ci@acme.org>\", to = { \"dev@acme.org\" }, relay = "
           "\"smtp://127.0.0.1:" +
           mails.port() + "\", " + more + " }\n";
  }
  std::string http_reporter() const {
    return "reporter.http { server_url = \"http://127.0.0.1:" + pushes.port() +
           "/hook?x=1\", auth = { \"u\", \"p\" }, headers = { [\"X-Extra\"] = \"yes\" } }\n";
  }
  void configure(const std::string& reporters) {
    const config::Files files{"headrace.lua", {{"headrace.lua", R"(
site { title = "Acme", url = "https://ci.acme.org/" }
worker "w1" {}
builder "kernel" { workers = { "w1" }, steps = { step.shell { command = "true" } } }
)" + reporters}}};
    std::vector<config::Problem> problems;
    if (!config::Configuration::evaluate(files, problems))
      for (const auto& p : problems) ADD_FAILURE() << p.place << ": " << p.text;
    store::ConfigApply apply;
    apply.digest = "digest-" + std::to_string(version.value + 1);
    apply.files = config::pack(files);
    apply.names = {{store::NameKind::builder, "kernel"}, {store::NameKind::worker, "w1"}};
    version = commit(apply);
    if (session) return;
    store::WorkerHello hello;
    hello.worker = "w1";
    hello.instance = "0123456789abcdef";
    hello.dispatcher = "d1";
    session = commit(hello).session;
  }

  // One build from its request to its end.
  void build(Results results) {
    store::ChangeAdd add;
    add.changes.resize(1);
    add.changes[0].author = "Åsa <asa@acme.org>";
    add.changes[0].comments = "Grün\n";
    store::BuildsetAdd wanted;
    wanted.version = version;
    wanted.set.reason = "because";
    wanted.set.changes = commit(add);
    wanted.set.requests.resize(1);
    wanted.set.requests[0].builder = "kernel";
    const wire::Claim claim{commit(wanted).first_request, kNonce};
    commit(store::Offer{version, milliseconds(5000), kNonce, {{claim.request, "w1", session, 1, 1}}});
    wire::Build b;
    b.builder = "kernel";
    b.worker = "w1";
    b.changes = wanted.set.changes;
    commit(store::Accept{claim, "w1", session, b});
    b.results = results;
    commit(store::Progress{claim, 1, {store::Progress::Finish{b}}});
  }

  std::unique_ptr<Child> start() const {
    return std::make_unique<Child>(
        std::vector<std::string>{std::string(HEADRACE_BIN_DIR) + "/headrace-notifier", "--redis",
                                 redis.address(), "--log-level", "debug"});
  }
  bool has_cursor(const std::string& reporter) {
    const auto all = store->read(store::reporters());
    return std::find(all.begin(), all.end(), reporter) != all.end();
  }
  std::int64_t waiting(const std::string& reporter) {
    return store->read(store::due_messages(reporter, 1)).size;
  }
  std::string owner(const std::string& reporter) {
    return store->read(store::role_owner("reporter:" + reporter)).value_or("");
  }
  // The Message-ID has the build's id, and something that no other build ever has.
  static bool is_of_build(const json::Value& mail, int id) {
    const auto text = mail["id"].string_or("");
    const auto begin = "<headrace.mail." + std::to_string(id) + ".", end = std::string("@ci.acme.org>");
    return text.starts_with(begin) && text.ends_with(end) && text.size() > begin.size() + end.size() + 16;
  }
  // Every mail taken, by Message-ID, and how often.
  std::map<std::string, int> mail_ids() const {
    std::map<std::string, int> out;
    for (const auto& m : mails.took()) ++out[m["id"].string_or("")];
    return out;
  }
  std::map<std::string, int> push_keys() const {
    std::map<std::string, int> out;
    for (const auto& m : pushes.took()) ++out[m["key"].string_or("")];
    return out;
  }

  test::RedisServer redis;
  std::unique_ptr<store::BlockingClient> store;
  Receiver mails{"mail"}, pushes{"http"};
  ConfigVersion version;
  SessionId session;
};

TEST_F(Notifier, TellsByMailAndByHttp) {
  configure(mail_reporter("mode = { \"failing\" }") + http_reporter());
  const auto notifier = start();
  ASSERT_TRUE(eventually([&] { return has_cursor("mail") && has_cursor("http"); }));
  build(Results::success);
  build(Results::failure);
  ASSERT_TRUE(eventually([&] { return mails.took().size() == 1 && pushes.took().size() == 2; }));

  const auto mail = mails.took()[0];
  EXPECT_EQ(mail["from"], json::Value("ci@acme.org"));
  EXPECT_EQ(mail["to"], json::Value(json::Array{"asa@acme.org", "dev@acme.org"}));
  EXPECT_EQ(mail["head_to"], json::Value("Åsa <asa@acme.org>"));
  EXPECT_TRUE(is_of_build(mail, 2)) << json::write(mail);
  EXPECT_EQ(mail["subject"], json::Value("[failure] Acme: kernel #2 - failed build"));
  EXPECT_NE(mail["body"].string_or("").find("Grün"), std::string::npos) << "as Python's mail parser reads it";
  EXPECT_EQ(mail["defects"], json::Value(json::Array{}));

  std::map<std::int64_t, json::Value> by_build;
  for (const auto& push : pushes.took()) by_build[push.at_path("body.buildid").int_or(0)] = push;
  const auto push = by_build[1];
  EXPECT_EQ(push["path"], json::Value("/hook?x=1"));
  EXPECT_EQ(push["type"], json::Value("application/json"));
  EXPECT_EQ(push["auth"], json::Value("Basic dTpw"));
  EXPECT_EQ(push["extra"], json::Value("yes"));
  EXPECT_TRUE(push["key"].string_or("").starts_with("build-1."));
  EXPECT_EQ(push.at_path("body.id"), push["key"]);
  EXPECT_EQ(push.at_path("body.results"), json::Value(0));
  EXPECT_EQ(push.at_path("body.builderid"), json::Value(1));
  EXPECT_EQ(push.at_path("body.buildset.reason"), json::Value("because"));
  EXPECT_EQ(by_build[2].at_path("body.prev_build.results"), json::Value(0));
}

TEST_F(Notifier, EachArrivesOnceThoughReceiversAndNotifierWereAway) {
  configure(mail_reporter() + http_reporter());
  auto notifier = start();
  ASSERT_TRUE(eventually([&] { return has_cursor("mail") && has_cursor("http"); }));
  build(Results::success);
  ASSERT_TRUE(eventually([&] { return mails.took().size() == 1 && pushes.took().size() == 1; }));

  mails.kill();
  pushes.kill();
  for (int i = 0; i < 5; ++i) build(Results::failure);
  ASSERT_TRUE(eventually([&] { return waiting("mail") == 5 && waiting("http") == 5; }));
  notifier->end(SIGKILL);
  build(Results::exception);  // while nobody listens
  notifier = start();
  ASSERT_TRUE(eventually([&] { return waiting("mail") == 6 && waiting("http") == 6; }));
  mails.start();
  pushes.start();
  ASSERT_TRUE(eventually([&] { return waiting("mail") == 0 && waiting("http") == 0; }));

  EXPECT_EQ(mails.took().size(), 7u);
  EXPECT_EQ(mail_ids().size(), 7u);
  EXPECT_EQ(pushes.took().size(), 7u);
  EXPECT_EQ(push_keys().size(), 7u);
}

TEST_F(Notifier, AYesWhileRedisIsAwayIsNotForgotten) {
  configure(mail_reporter());
  const auto notifier = start();
  ASSERT_TRUE(eventually([&] { return has_cursor("mail"); }));
  mails.hold();
  build(Results::success);
  ASSERT_TRUE(eventually([&] { return mails.seen() == 1; }));
  redis.kill();
  mails.release();  // the mail server says yes, and nobody can store it
  ASSERT_TRUE(eventually([&] { return mails.took().size() == 1; }));
  redis.start();
  connect();
  ASSERT_TRUE(eventually([&] { return waiting("mail") == 0; }));
  build(Results::success);
  ASSERT_TRUE(eventually([&] { return mails.took().size() == 2; }));
  EXPECT_EQ(mails.seen(), 2u) << "the first was not sent again";
}

TEST_F(Notifier, AMailUnderWayWhileTheStateIsLoadedAgainIsNotSentTwice) {
  configure(mail_reporter());
  const auto notifier = start();
  ASSERT_TRUE(eventually([&] { return has_cursor("mail"); }));
  mails.hold();
  build(Results::success);
  ASSERT_TRUE(eventually([&] { return mails.seen() == 1; }));
  configure(mail_reporter() + http_reporter());
  ASSERT_TRUE(eventually([&] { return has_cursor("http"); })) << "the new configuration is in use";
  mails.release();
  ASSERT_TRUE(eventually([&] { return waiting("mail") == 0; }));
  EXPECT_EQ(mails.seen(), 1u);
}

TEST_F(Notifier, AnotherTakesOverWhatIsLeft) {
  configure(mail_reporter());
  const auto first = start();
  ASSERT_TRUE(eventually([&] { return has_cursor("mail"); }));
  const auto first_owner = owner("mail");
  mails.kill();
  build(Results::success);
  ASSERT_TRUE(eventually([&] { return waiting("mail") == 1; }));
  const auto second = start();
  build(Results::failure);
  ASSERT_TRUE(eventually([&] { return waiting("mail") == 2; }));
  EXPECT_EQ(owner("mail"), first_owner) << "one owner at a time";
  EXPECT_EQ(first->end(SIGTERM), 0);
  ASSERT_TRUE(eventually([&] { return !owner("mail").empty() && owner("mail") != first_owner; }));
  mails.start();
  ASSERT_TRUE(eventually([&] { return waiting("mail") == 0; }));
  EXPECT_EQ(mails.took().size(), 2u);
  EXPECT_EQ(mail_ids().size(), 2u);
}

TEST_F(Notifier, ARoleOfADeadProcessIsTakenWithItsCursor) {
  configure(mail_reporter());
  const auto first = start();
  ASSERT_TRUE(eventually([&] { return has_cursor("mail"); }));
  const auto first_owner = owner("mail");
  const auto second = start();
  first->end(SIGKILL);
  build(Results::success);  // read by the second before it has the role
  ASSERT_TRUE(eventually([&] { return mails.took().size() == 1; }));
  EXPECT_NE(owner("mail"), first_owner);
}

TEST_F(Notifier, AMailRefusedForGoodIsGivenUpAndTheOthersGo) {
  configure(mail_reporter());
  const auto notifier = start();
  ASSERT_TRUE(eventually([&] { return has_cursor("mail"); }));
  mails.answer("554 5.7.1 we do not like it\n");
  build(Results::success);
  ASSERT_TRUE(eventually([&] { return mails.seen() == 1 && waiting("mail") == 0; }));
  build(Results::success);
  ASSERT_TRUE(eventually([&] { return mails.took().size() == 1; }));
  EXPECT_TRUE(is_of_build(mails.took()[0], 2));
}

TEST_F(Notifier, ARefusedPushIsTriedAgainAndABusyReceiverIsGivenItsTime) {
  configure(http_reporter());
  const auto notifier = start();
  ASSERT_TRUE(eventually([&] { return has_cursor("http"); }));
  pushes.answer("400\n503 3\n");
  const auto begin = std::chrono::steady_clock::now();
  build(Results::success);
  ASSERT_TRUE(eventually([&] { return pushes.took().size() == 1; }));
  EXPECT_EQ(pushes.seen(), 3u);
  // 0.8 s at least after the 400, three after the 503.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(3800));
}

TEST_F(Notifier, APoisonousMessageDoesNotStopTheOthers) {
  configure(http_reporter());
  const auto notifier = start();
  ASSERT_TRUE(eventually([&] { return has_cursor("http"); }));
  pushes.poison("build-1.");
  build(Results::success);
  ASSERT_TRUE(eventually([&] { return pushes.seen() >= 1; }));
  for (int i = 0; i < 3; ++i) build(Results::success);
  ASSERT_TRUE(eventually([&] { return pushes.took().size() == 3 && waiting("http") == 1; }));
  for (const auto& [key, times] : push_keys()) EXPECT_FALSE(key.starts_with("build-1.")) << key;
  pushes.cure();
  ASSERT_TRUE(eventually([&] { return waiting("http") == 0; }));
  EXPECT_EQ(push_keys().size(), 4u);
}

TEST_F(Notifier, ANumberThatIsGivenASecondTimeIsAnotherReport) {
  configure(mail_reporter() + http_reporter());
  const auto notifier = start();
  ASSERT_TRUE(eventually([&] { return has_cursor("mail") && has_cursor("http"); }));
  store::RawClient raw({*store::parse_address(redis.address())});
  const auto before = store::testing::copy_of(raw);
  build(Results::failure);
  ASSERT_TRUE(eventually([&] { return mails.took().size() == 1 && pushes.took().size() == 1; }));
  // Redis goes back behind the build, as after the loss of the tail of its file.
  store::testing::restore(raw, before);
  store::testing::cut_connections(raw);
  connect();
  build(Results::success);
  ASSERT_TRUE(eventually([&] { return mails.took().size() == 2 && pushes.took().size() == 2; }));
  const auto took = pushes.took();
  EXPECT_EQ(took[0].at_path("body.buildid"), took[1].at_path("body.buildid"));
  EXPECT_EQ(push_keys().size(), 2u) << "a receiver would take the second for a repeat of the first";
  EXPECT_EQ(mail_ids().size(), 2u);
}

TEST_F(Notifier, AReporterThatIsTakenOutOfTheConfigurationGoes) {
  configure(mail_reporter() + http_reporter());
  const auto notifier = start();
  ASSERT_TRUE(eventually([&] { return has_cursor("mail") && has_cursor("http"); }));
  configure(http_reporter());
  ASSERT_TRUE(eventually([&] { return !has_cursor("mail"); }));
  build(Results::success);
  ASSERT_TRUE(eventually([&] { return pushes.took().size() == 1; }));
  configure(mail_reporter() + http_reporter());
  ASSERT_TRUE(eventually([&] { return has_cursor("mail"); }));
  build(Results::success);
  ASSERT_TRUE(eventually([&] { return mails.took().size() == 1; }));
  EXPECT_TRUE(is_of_build(mails.took()[0], 2)) << "it starts at the end, not at the beginning";
}

TEST_F(Notifier, TheCursorMovesWithoutMessagesToo) {
  configure(mail_reporter("mode = { \"cancelled\" }"));
  const auto notifier = start();
  ASSERT_TRUE(eventually([&] { return has_cursor("mail"); }));
  build(Results::success);
  ASSERT_TRUE(
      eventually([&] { return store->read(store::reporter_cursor("mail")) == store->read(store::head()); }));
  EXPECT_EQ(mails.seen(), 0u);
}

TEST_F(Notifier, ALongBacklogIsToldWhole) {
  configure(http_reporter());
  auto notifier = start();
  ASSERT_TRUE(eventually([&] { return has_cursor("http"); }));
  EXPECT_EQ(notifier->end(SIGTERM), 0);
  constexpr std::size_t kBuilds = 300;  // more than a batch, more than is kept ready
  for (std::size_t i = 0; i < kBuilds; ++i) build(Results::success);
  notifier = start();
  ASSERT_TRUE(eventually([&] { return pushes.seen() == kBuilds && waiting("http") == 0; }));
  EXPECT_EQ(push_keys().size(), kBuilds);
}

}  // namespace
}  // namespace headrace::notifier
