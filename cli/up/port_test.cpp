// SPDX-License-Identifier: Apache-2.0
#include "cli/up/port.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "cli/command.hpp"
#include "http/server.hpp"

namespace headrace::cli {
namespace {

const http::Handler kNothing = [](http::Request, std::shared_ptr<http::Responder>) {};

std::string refusal(const std::string& address) {
  try {
    ReservedPort port("--web", address);
    return "";
  } catch (const UsageError& e) {
    return e.what();
  }
}

TEST(ReservedPort, AChildListensBesideItAgainAndAgain) {
  const ReservedPort port("--web", "127.0.0.1:0");
  EXPECT_NE(port.address(), "127.0.0.1:0");
  for (int i = 0; i < 3; ++i) {
    boost::asio::io_context io;
    EXPECT_EQ(http::Server(io, port.address(), kNothing).address(), port.address());
  }
}

TEST(ReservedPort, ATakenPortIsNamed) {
  boost::asio::io_context io;
  const http::Server other(io, "127.0.0.1:0", kNothing);
  const auto number = other.address().substr(other.address().rfind(':') + 1);
  EXPECT_NE(refusal(other.address()).find("port " + number + " is taken"), std::string::npos)
      << refusal(other.address());
  EXPECT_NE(refusal("tcp://" + other.address()).find("port " + number + " is taken"), std::string::npos);
}

TEST(ReservedPort, SaysWhatIsWrongWithAnAddress) {
  EXPECT_NE(refusal("8010").find("'8010'"), std::string::npos);
  EXPECT_NE(refusal("127.0.0.1:99999").find("99999"), std::string::npos);
  EXPECT_NE(refusal("unix:/tmp/x").find("unix:/tmp/x"), std::string::npos);
}

TEST(ReservedPort, EveryInterfaceIsAdvertisedByTheHostsName) {
  const ReservedPort every("--workers", "tcp://*:0"), one("--workers", "tcp://127.0.0.1:0");
  EXPECT_EQ(every.address().substr(0, 8), "tcp://*:");
  EXPECT_EQ(every.advertised().find('*'), std::string::npos) << every.advertised();
  EXPECT_EQ(one.advertised(), one.address());
}

}  // namespace
}  // namespace headrace::cli
