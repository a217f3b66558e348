// SPDX-License-Identifier: Apache-2.0
// What --durability promises rests on how Redis was set up; a service says when it cannot be kept.
#include <gtest/gtest.h>

#include "http/client.hpp"
#include "support/free_port.hpp"
#include "support/headrace_up.hpp"
#include "support/redis_server.hpp"

namespace headrace::test {
namespace {

// What /healthz of a service on this Redis says once it has loaded its state.
http::Reply health(const RedisServer& redis, const std::string& durability) {
  Folder folder;
  Program service({HeadraceUp::binary("headrace-notifier"), "--redis", redis.address(), "--durability",
                   durability, "--status", "unix:" + (folder / "status.sock")});
  http::Call call;
  call.url = "http://localhost/healthz";
  call.unix_socket = folder / "status.sock";
  http::Reply reply;
  wait_for(
      "the service's own word", 20s,
      [&] {
        reply = http::call_and_wait(call);
        return reply.status == 200 || reply.body.find("append") != std::string::npos;
      },
      [&] { return reply.body + reply.error + service.output(); });
  return reply;
}

TEST(Durability, ARedisThatCannotKeepThePromiseIsNamedInHealth) {
  const RedisServer weak({"--appendonly", "yes", "--appendfsync", "everysec"});
  const auto refused = health(weak, "machine");
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find("appendfsync everysec"), std::string::npos) << refused.body;
  EXPECT_EQ(health(weak, "process").status, 200);
  EXPECT_NE(health(weak, "replica").body.find("appendfsync everysec"), std::string::npos);

  const RedisServer none({"--appendonly", "no", "--appendfsync", "always"});
  EXPECT_NE(health(none, "machine").body.find("appendonly no"), std::string::npos);
  EXPECT_NE(health(none, "process").body.find("appendonly no"), std::string::npos);

  const RedisServer strong({"--appendonly", "yes", "--appendfsync", "always"});
  EXPECT_EQ(health(strong, "machine").status, 200);
}

// A changesource on this Redis, with a hook that anybody may call.
class HookedService {
 public:
  explicit HookedService(const RedisServer& redis) {
    write_file(folder_ / "headrace.lua", "hook.base {}");
    applied_ = run({HeadraceUp::binary("headrace"), "apply", folder_ / "headrace.lua", "--redis",
                    redis.address(), "--durability", "process"});
    program_ = std::make_unique<Program>(std::vector<std::string>{
        HeadraceUp::binary("headrace-changesource"), "--redis", redis.address(), "--durability", "process",
        "--data", folder_.path(), "--intake", "127.0.0.1:" + port_});
  }
  const Finished& applied() const { return applied_; }
  http::Reply ask(const std::string& path, const std::string& body = "") const {
    http::Call call;
    call.url = "http://127.0.0.1:" + port_ + path;
    call.method = body.empty() ? "GET" : "POST";
    call.body = body;
    call.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    return http::call_and_wait(call);
  }
  http::Reply post_change() const {
    return ask("/change_hook/base",
               form({{"author", "a"}, {"comments", "c"}, {"branch", "main"}, {"revision", "r"}}));
  }
  http::Reply health_when(const std::string& what,
                          const std::function<bool(const http::Reply&)>& ready) const {
    http::Reply reply;
    wait_for(
        what, 30s,
        [&] {
          reply = ask("/healthz");
          return ready(reply);
        },
        [&] { return reply.body + reply.error + said(); });
    return reply;
  }
  std::string said() const { return program_->output(); }

 private:
  Folder folder_;
  std::string port_ = free_port();
  Finished applied_;
  std::unique_ptr<Program> program_;
};

TEST(Durability, NoHookIsAnsweredYesWhileARedisHasNoFile) {
  const RedisServer redis({"--appendonly", "no"});
  const HookedService service(redis);
  EXPECT_EQ(service.applied().status, 0) << service.applied().err;
  EXPECT_NE(service.applied().err.find("appendonly no"), std::string::npos) << service.applied().err;
  const auto weak = [](const http::Reply& r) { return r.body.find("appendonly no") != std::string::npos; };
  EXPECT_EQ(service.health_when("the words", weak).status, 503);
  const auto refused = service.post_change();
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find("appendonly no"), std::string::npos) << refused.body;
  EXPECT_NE(service.said().find("appendonly no"), std::string::npos) << service.said();
  EXPECT_NE(service.ask("/metrics").body.find("headrace_durability_broken 1"), std::string::npos);

  must_run({"redis-cli", "-s", redis.directory() + "/redis.sock", "config", "set", "appendonly", "yes"});
  service.health_when("health", [](const http::Reply& r) { return r.status == 200; });
  EXPECT_EQ(service.post_change().status, 200);
  EXPECT_NE(service.ask("/metrics").body.find("headrace_durability_broken 0"), std::string::npos);

  // Nobody looks before the minute is over, but the next hook does.
  must_run({"redis-cli", "-s", redis.directory() + "/redis.sock", "config", "set", "appendonly", "no"});
  EXPECT_NE(service.post_change().status, 200);
  service.health_when("the words again", weak);
}

}  // namespace
}  // namespace headrace::test
