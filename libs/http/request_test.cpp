// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "http/address.hpp"
#include "http/request_parser.hpp"
#include "http/server.hpp"

namespace headrace::http {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

TEST(PercentDecode, LeavesBadEscapesAsTheyAre) {
  EXPECT_EQ(percent_decode("a%20b+c", false), "a b+c");
  EXPECT_EQ(percent_decode("a%20b+c", true), "a b c");
  EXPECT_EQ(percent_decode("%", true), "%");
  EXPECT_EQ(percent_decode("%4", true), "%4");
  EXPECT_EQ(percent_decode("%zz%41%", true), "%zzA%");
  EXPECT_EQ(percent_decode("%00", false), std::string(1, '\0'));
}

TEST(ParseForm, KeepsOrderAndRepeats) {
  EXPECT_EQ(parse_form("b=1&a=x%26y&b=2&c&=d&&e=f=g"),
            (Fields{{"b", "1"}, {"a", "x&y"}, {"b", "2"}, {"c", ""}, {"", "d"}, {"e", "f=g"}}));
  EXPECT_EQ(parse_form(""), Fields{});
  EXPECT_EQ(parse_form("&"), Fields{});
}

TEST(Request, FindsHeadersWithoutCase) {
  Request request;
  request.headers = {{"X-One", "1"}, {"x-one", "2"}};
  EXPECT_EQ(request.header("X-ONE"), "1");
  EXPECT_EQ(request.header("X-Two"), "");
}

TEST(RequestParser, GivesTheSameRequestForEverySplit) {
  const std::string text =
      "POST /a%20b?x=1&x=2#frag HTTP/1.1\r\nHost: h\r\nX-Tag:  v \r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n";
  for (std::size_t split = 0; split <= text.size(); ++split) {
    RequestParser parser({});
    const std::string first = text.substr(0, split);
    const auto taken = parser.feed(first);
    EXPECT_FALSE(parser.done() && split < text.size()) << split;
    parser.feed(first.substr(taken) + text.substr(split));
    ASSERT_TRUE(parser.done()) << "split at " << split << ": " << parser.refusal().text;
    const Request request = parser.take();
    EXPECT_EQ(request.path, "/a b");
    EXPECT_EQ(request.query, (Fields{{"x", "1"}, {"x", "2"}}));
    EXPECT_EQ(request.headers, (Fields{{"Host", "h"}, {"X-Tag", "v"}, {"Transfer-Encoding", "chunked"}}));
    EXPECT_EQ(request.body, "abcdefg");
  }
}

TEST(RequestParser, TakesARequestByteByByte) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string chunks : {"3\r\nabc\r\n", ""}) {
    const std::string whole = head + chunks + "0\r\n\r\n";
    RequestParser parser({});
    std::size_t taken = 0;
    for (std::size_t end = 1; end <= whole.size(); ++end)
      taken += parser.feed(std::string_view(whole).substr(taken, end - taken));
    ASSERT_TRUE(parser.done()) << parser.refusal().text;
    EXPECT_EQ(parser.take().body, chunks.empty() ? "" : "abc");
  }
}

TEST(RequestParser, TakesTheAbsoluteForm) {
  RequestParser parser({});
  parser.feed("GET http://example.org:80/x?y=1 HTTP/1.1\r\nHost: example.org\r\n\r\n");
  ASSERT_TRUE(parser.done());
  const Request request = parser.take();
  EXPECT_EQ(request.path, "/x");
  EXPECT_EQ(request.query, (Fields{{"y", "1"}}));
}

TEST(RequestParser, RefusesAmbiguousLengths) {
  for (const char* headers :
       {"Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: -1\r\n",
        "Content-Length: 99999999999999999999\r\n", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"}) {
    RequestParser parser({});
    parser.feed(std::string("POST / HTTP/1.1\r\nHost: h\r\n") + headers + "\r\nabc");
    EXPECT_EQ(parser.refusal().status, 400) << headers;
  }
}

TEST(Address, ReadsWhatPeopleWrite) {
  EXPECT_EQ(address_text(*parse_address("127.0.0.1:8010")), "127.0.0.1:8010");
  EXPECT_EQ(address_text(*parse_address("[::1]:80")), "[::1]:80");
  EXPECT_EQ(address_text(*parse_address(":80")), "0.0.0.0:80");
  EXPECT_EQ(address_text(*parse_address("unix:/run/x.sock")), "unix:/run/x.sock");
}

TEST(Address, NamesWhatIsWrong) {
  for (const std::string bad :
       {"127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:http", "::1:80", "unix:"}) {
    const auto result = parse_address(bad);
    ASSERT_FALSE(result) << bad;
    EXPECT_NE(result.error().text.find("'" + bad + "'"), std::string::npos) << result.error().text;
  }
  EXPECT_FALSE(parse_address("unix:/" + std::string(107, 'x')));
  EXPECT_TRUE(parse_address("unix:/" + std::string(106, 'x')));
}

}  // namespace
}  // namespace headrace::http
