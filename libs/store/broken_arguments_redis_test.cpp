// SPDX-License-Identifier: Apache-2.0
// Every function with each of its arguments missing, broken, or one too many writes nothing.
#include "store/testing/functions.hpp"

namespace headrace::store {

// Every function with each argument missing, broken in several ways, and one too many: nothing may change.
TEST_F(Functions, ABrokenArgumentLeavesTheKeySpaceAsItWas) {
  configure();
  a_request(), a_request();
  const auto s = std::to_string(hello());
  offer(1, std::stoll(s));
  accept(1, std::stoll(s));
  good("offer", {"1", "5000", kOther, "1", "2", "w1", s, "2", "2"});
  good("role_hold", {"scheduler", "s1", "10000"});
  good("role_hold", {"reporter:mail", "n1", "10000"});
  good("cursor_start", {"mail", "1"});
  good("change_add", {"", "", "0", "", "", "", "1", map_body()});
  const auto head = redis.command({"HGET", redis.keys()("head"), "n"}).text;
  const auto p = redis.keys().log_prefix(BuildId{1});
  const std::string key(40, 'k');
  const std::vector<Call> calls = {
      {"change_add", {"d", "", "0", "", "", "", "1", map_body()}},
      {"poller_report", {"reporter:mail", "1", "p", "1", map_body()}},
      {"buildset_add", {"k", "1", map_body(), "1", "kernel", "0"}},
      {"request_cancel", {"1", map_body()}},
      {"scheduler_apply",
       {"1", "0", head, "t", "1", "2", "set", "main", map_body(), "1", "kernel", "0", "wait", "main", "", "1",
        "1", "77"}},
      {"scheduler_due", {"1", "1", "main", "", "77", "", "1", "1", map_body(), "1", "kernel", "0"}},
      {"waiting_split", {"1", "1", "main", "", "2", "1", "77", "1", "1", "2", "", "1", "2"}},
      {"waiting_drop", {"1", "1", "main", ""}},
      {"offer", {"1", "5000", kNonce, "1", "2", "w1", s, "2", "2"}},
      {"accept", {"2", kOther, "w1", s, map_body()}},
      {"release", {"2", kOther, "refused"}},
      {"progress",
       {"1", kNonce, "1", "3", "step", "0", "1", map_body(), "properties", map_body(), "finish", "0",
        map_body()}},
      {"build_lost", {"1", kNonce, "3", "5", map_body()}},
      {"answer", {"1", kNonce, "1", map_body()}},
      {"tick", {"workers"}},
      {"worker_hello", {"w1", "0123456789abcdef", "d1", "30000", map_body(), "1", "1", kNonce, "7", ""}},
      {"worker_answers", {"w1", s, "0"}},
      {"worker_renew", {"30000", "1", "w1", s}},
      {"worker_gone", {"w1", s, "goodbye"}},
      {"role_hold", {"scheduler", "s1", "10000"}},
      {"role_release", {"scheduler", "s1"}},
      {"cursor_start", {"mail", "1"}},
      {"reporter_apply", {"mail", "1", "3", head, "t", "1", "k", map_body()}},
      {"outbox_done", {"mail", "1", "k"}},
      {"outbox_later", {"mail", "1", "k", "1000"}},
      {"reporter_drop", {"mail", "1"}},
      {"config_apply", {"1", "d9", map_body(), "1", "builder", "new"}},
      {"key_allow", {"worker", key, "w"}},
      {"key_forbid", {"worker", key}},
      {"events_trim", {"1"}},
      {"logs_moved", {"1"}},
      {"log_append", {p, kNonce, "0.0", "0", "10", "2", "99", "chunk"}},
      {"log_drop", {p}},
  };
  const auto dump = [&] {
    // DEBUG DIGEST covers every key, field and value.
    return redis.command({"DEBUG", "DIGEST"}).text;
  };
  const auto names = redis.command({"FUNCTION", "LIST"});
  std::size_t defined = 0;
  for (const auto& part : names.items.at(0).items)
    if (part.kind == RedisReply::Kind::array) defined = part.items.size();
  EXPECT_EQ(calls.size() + 4, defined)
      << "a function is missing from this test";  // revision, digest, and two that only read

  const auto before = dump();
  ASSERT_EQ(before.size(), 40u);
  int tried = 0;
  for (const auto& call : calls) {
    const std::size_t first = call.function.starts_with("log_") ? 1 : 0;
    for (std::size_t i = first; i <= call.args.size(); ++i) {
      std::vector<std::vector<std::string>> variants;
      auto shorter = call.args;
      if (i < call.args.size()) {
        shorter.resize(i);
        variants.push_back(shorter);
        for (const std::string& garbage : {std::string("\n\x01"), std::string(400, 'z')}) {
          auto broken = call.args;
          broken[i] = garbage;
          variants.push_back(broken);
        }
      } else {
        auto longer = call.args;
        longer.push_back("more");
        variants.push_back(longer);
      }
      for (auto& args : variants) {
        // A poller's states and a held nonce are free text, a chunk any bytes: those are no mistakes.
        const bool free_text = (call.function == "change_add" && (i == 4 || i == 5)) ||
                               (call.function == "worker_hello" && i == 7) ||
                               (call.function == "log_append" && i == 7);
        if (free_text && args.size() == call.args.size()) continue;
        if (call.function == "worker_hello" && args.size() == 8) continue;  // of a dispatcher before 0.2
        const auto reply = redis.call({call.function, args});
        EXPECT_FALSE(reply.ok) << call.function << " argument " << i;
        EXPECT_TRUE(reply.refusal.starts_with("bad:")) << call.function << " " << i << ": " << reply.refusal;
        ++tried;
      }
    }
    ASSERT_EQ(dump(), before) << call.function;
  }
  EXPECT_GT(tried, 200);
}

}  // namespace headrace::store
