// SPDX-License-Identifier: Apache-2.0
#include "process/loop.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <csignal>

namespace headrace::process {

TEST(Loop, IsAskedOnceAndEndsWithTheStatusItIsGiven) {
  Loop loop("test", "off");
  int asked = 0;
  boost::asio::post(loop.io(), [] { std::raise(SIGTERM); });
  const int status = loop.run([&](const std::string& reason) {
    ++asked;
    EXPECT_EQ(reason, "SIGTERM");
    loop.end(3);
  });
  EXPECT_EQ(status, 3);
  EXPECT_EQ(asked, 1);
}

TEST(Loop, EndsWithItsParent) {
  Loop loop("test", "off");
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  loop.watch_parent(ends[0]);
  boost::asio::post(loop.io(), [&] { close(ends[1]); });
  std::string why;
  loop.run([&](const std::string& reason) {
    why = reason;
    loop.end();
  });
  EXPECT_EQ(why, "the parent has ended");
}

}  // namespace headrace::process
