// SPDX-License-Identifier: Apache-2.0
#include "git/address.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace headrace::git {

TEST(Address, IsShownWithoutItsPassword) {
  const std::pair<const char*, const char*> cases[] = {
      {"https://ci:t0ken@host.example/app.git", "https://host.example/app.git"},
      {"https://t0ken@host.example:8443/app.git", "https://host.example:8443/app.git"},
      {"HTTP://ci:p%40ss@host/a", "HTTP://host/a"},
      {"http://ci:p@ss@host/a@b", "http://host/a@b"},
      {"ssh://git@host/app.git", "ssh://git@host/app.git"},
      {"ssh://git:pass@host/app.git", "ssh://git@host/app.git"},
      {"git+https://u:p@host/x", "git+https://host/x"},
      {"git@host:app.git", "git@host:app.git"},
      {"/srv/git/app.git", "/srv/git/app.git"},
      {"file:///srv/a@b/app.git", "file:///srv/a@b/app.git"},
      {"https://host/app.git?x=a:b@c", "https://host/app.git?x=a:b@c"},
      {"fatal: clone of 'https://u:p@h/x.git' into 'https://u:p@h/y' failed\n",
       "fatal: clone of 'https://h/x.git' into 'https://h/y' failed\n"},
      {"", ""},
  };
  for (const auto& [given, shown] : cases) EXPECT_EQ(without_passwords(given), shown);
}

TEST(Address, IsShownWithoutItsPasswordHoweverTheOutputIsCut) {
  const std::string text =
      "Receiving objects:  50% (1/2)\rSubmodule 'lib' (https://ci:t0ken@host/lib.git) registered\nab:cd "
      "https://x:y@z";
  const std::string shown =
      "Receiving objects:  50% (1/2)\rSubmodule 'lib' (https://host/lib.git) registered\nab:cd https://z";
  for (std::size_t a = 0; a <= text.size(); ++a) {
    for (std::size_t b = a; b <= text.size(); b += 7) {
      PasswordFilter filter;
      std::string out = filter.add(text.substr(0, a));
      out += filter.add(text.substr(a, b - a));
      out += filter.add(text.substr(b));
      out += filter.rest();
      ASSERT_EQ(out, shown) << a << " " << b;
    }
  }
}

TEST(Address, HoldsNoEndlessWord) {
  PasswordFilter filter;
  EXPECT_EQ(filter.add("a complete line\n"), "a complete line\n");
  EXPECT_EQ(filter.add(std::string(9000, 'x')).size(), 9000u);
  EXPECT_EQ(filter.rest(), "");
}

}  // namespace headrace::git
