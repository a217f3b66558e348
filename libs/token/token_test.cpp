// SPDX-License-Identifier: Apache-2.0
#include "token/token.hpp"

#include <gtest/gtest.h>

#include "wire/codec.hpp"

namespace headrace::token {
namespace {

Token a_token() {
  Token t;
  t.kind = "worker";
  t.name = "mill";
  t.server = {"ipc:///run/x", "tcp://ci:9801"};
  t.server_key = std::string(40, 'a');
  t.public_key = std::string(40, '#');
  t.secret_key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
  return t;
}

}  // namespace

TEST(Token, IsOneWordAndReadsBack) {
  for (int n = 0; n < 4; ++n) {  // every length of the last group
    Token t = a_token();
    t.name += std::string(static_cast<std::size_t>(n), 'x');
    const std::string text = encode(t);
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    const auto back = decode(" " + text + "\n", "worker");
    ASSERT_TRUE(back) << back.error().text;
    EXPECT_EQ(*back, t);
  }
}

TEST(Token, RefusesEveryTruncatedPrefix) {
  const std::string text = encode(a_token());
  for (std::size_t n = 0; n < text.size(); ++n) EXPECT_FALSE(decode(text.substr(0, n), "worker")) << n;
}

TEST(Token, SaysWhatIsWrong) {
  EXPECT_EQ(decode(encode(a_token()), "subscriber").error().text,
            "this is the token of a worker where one of a subscriber is needed");
  EXPECT_EQ(decode("ab+c", "worker").error().text,
            "the token has a character that is none of base64url at place 3");
  EXPECT_EQ(decode("  ", "worker").error().text, "the token is empty");
  Token t = a_token();
  t.server.clear();
  EXPECT_EQ(decode(encode(t), "worker").error().text, "the token names no server to connect to");
  t = a_token();
  t.secret_key = "hunter2";
  const auto r = decode(encode(t), "worker");
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().text, "the token's secret_key is no CURVE key");
}

TEST(Token, WithoutKeysMeansWithoutCurve) {
  Token t = a_token();
  t.server_key = t.public_key = t.secret_key = "";
  ASSERT_TRUE(decode(encode(t), "worker"));
  t.public_key = std::string(40, 'a');
  EXPECT_FALSE(decode(encode(t), "worker"));
}

}  // namespace headrace::token
