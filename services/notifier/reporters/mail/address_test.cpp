// SPDX-License-Identifier: Apache-2.0
#include "notifier/reporters/mail/address.hpp"

#include <gtest/gtest.h>

namespace headrace::notifier {
namespace {

std::string mail_of(std::string_view text) {
  const auto a = parse_address(text);
  return a ? a->mail : "none";
}
std::string user(const std::string& text, const std::string& lookup = "") {
  const auto a = address_of_user(text, lookup);
  return a ? a->mail : "none";
}

TEST(Address, IsReadInEveryUsualForm) {
  EXPECT_EQ(parse_address("ann@example.org"), (Address{"", "ann@example.org"}));
  EXPECT_EQ(parse_address(" Ann Lee <ann@example.org> "), (Address{"Ann Lee", "ann@example.org"}));
  EXPECT_EQ(parse_address("<ann@example.org>"), (Address{"", "ann@example.org"}));
  EXPECT_EQ(parse_address("\"Lee, \\\"A\\\"\" <ann@example.org>"),
            (Address{"Lee, \"A\"", "ann@example.org"}));
  EXPECT_EQ(parse_address("Åsa <asa+ci@example.org>"), (Address{"Åsa", "asa+ci@example.org"}));
}

TEST(Address, IsRefusedWhenItCouldBeAnythingElse) {
  for (const char* text :
       {"", "ann", "@example.org", "ann@", "ann lee@example.org", "ann@exa mple.org",
        "ann@example.org\r\nBcc: x@y.z", "a\"b@example.org", "ann@-x.org", "ann@x..org", "<ann@example.org",
        "ann@example.org>", "Ann <ann>", "ann@example.org, bob@example.org", "ann@[127.0.0.1]",
        "ånn@example.org", "a@b@c.org"})
    EXPECT_EQ(mail_of(text), "none") << text;
  EXPECT_EQ(mail_of(std::string(250, 'a') + "@example.org"), "none");
  EXPECT_EQ(mail_of(std::string_view("ann@example.org\0x", 17)), "none");
}

TEST(Address, OfAUserIsCompletedByTheLookupDomain) {
  EXPECT_EQ(user("ann", "acme.org"), "ann@acme.org");
  EXPECT_EQ(user("ann"), "none");
  EXPECT_EQ(user("ann@example.org", "acme.org"), "ann@example.org");
  EXPECT_EQ(user("Ann Lee <ann>", "acme.org"), "ann@acme.org");
  EXPECT_EQ(user("Ann Lee", "acme.org"), "none");
  EXPECT_EQ(user("", "acme.org"), "none");
}

TEST(Address, OfAUserLosesWhatGitSvnAppends) {
  EXPECT_EQ(user("Ann <ann@example.org>@0815-uuid"), "ann@example.org");
}

TEST(Address, OfAUserNeedsADomainWithADot) {
  EXPECT_EQ(user("Ann <ann@laptop>"), "none");
  EXPECT_EQ(mail_of("ops@localhost"), "ops@localhost") << "the configuration may say so";
}

class WhoGetsIt : public testing::Test {
 protected:
  WhoGetsIt() {
    report.changes.resize(3);
    report.changes[0].author = "Bob <bob@example.org>";
    report.changes[1].author = "Ann <ann@example.org>";
    report.changes[2].author = "Bob <bob@example.org>";
    reporter.to = {"dev@example.org"};
  }
  static std::string mails(const std::vector<Address>& list) {
    std::string out;
    for (const auto& a : list) out += (out.empty() ? "" : " ") + a.mail;
    return out;
  }
  MailOptions reporter{.send_to_interested_users = true};
  BuildReport report;
};

TEST_F(WhoGetsIt, InterestedUsersInToAndTheOthersInCc) {
  const auto who = recipients(reporter, report);
  EXPECT_EQ(mails(who.to), "ann@example.org bob@example.org");
  EXPECT_EQ(mails(who.cc), "dev@example.org");
}

TEST_F(WhoGetsIt, WithoutInterestedUsersTheOthersAreInTo) {
  reporter.send_to_interested_users = false;
  EXPECT_EQ(mails(recipients(reporter, report).to), "dev@example.org");
  EXPECT_EQ(mails(recipients(reporter, report).cc), "");
  reporter.send_to_interested_users = true;
  report.changes.clear();
  EXPECT_EQ(mails(recipients(reporter, report).to), "dev@example.org");
}

TEST_F(WhoGetsIt, OwnersAreInterestedToo) {
  report.changes.clear();
  report.build.properties["owner"] = {"cy@example.org", "Force"};
  report.build.properties["owners"] = {json::Array{"dee@example.org", 7}, "Force"};
  EXPECT_EQ(mails(recipients(reporter, report).to), "cy@example.org dee@example.org");
}

TEST_F(WhoGetsIt, NobodyTwiceAndNobodyWithoutAddress) {
  reporter.to = {"ANN@example.org", "nobody", "dev@example.org"};
  report.changes[0].author = "root";
  report.changes[2].author = "ann@Example.org";
  EXPECT_EQ(mails(recipients(reporter, report).to), "ann@example.org");
  EXPECT_EQ(mails(recipients(reporter, report).cc), "dev@example.org");
  reporter.to = {};
  report.changes.resize(1);
  EXPECT_TRUE(recipients(reporter, report).empty());
}

}  // namespace
}  // namespace headrace::notifier
