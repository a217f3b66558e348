// SPDX-License-Identifier: Apache-2.0
// What --durability promises rests on how Redis was set up; a service says when it cannot be kept.
#include <gtest/gtest.h>

#include "http/client.hpp"
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

  const RedisServer none({"--appendonly", "no", "--appendfsync", "always"});
  EXPECT_NE(health(none, "machine").body.find("appendonly no"), std::string::npos);

  const RedisServer strong({"--appendonly", "yes", "--appendfsync", "always"});
  EXPECT_EQ(health(strong, "machine").status, 200);
}

}  // namespace
}  // namespace headrace::test
