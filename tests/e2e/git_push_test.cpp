// SPDX-License-Identifier: Apache-2.0
// A real `git push` leads to a finished build, a mail and an answer of the REST API: through a
// post-receive hook, and through the poller.
#include <gtest/gtest.h>

#include "store/client.hpp"
#include "store/state/site.hpp"
#include "support/headrace_up.hpp"
#include "support/smtp_server.hpp"

namespace headrace::test {
namespace {

// A bare repository and a working copy of it with one commit on main.
class Repository {
 public:
  Repository() {
    must_run({"git", "init", "-q", "--bare", "-b", "main", bare()});
    must_run({"git", "init", "-q", "-b", "main", work()});
    must_run({"git", "remote", "add", "origin", bare()}, work());
    push("first.txt", "one\n", "the first commit");
  }
  std::string bare() const { return folder_ / "demo.git"; }
  std::string work() const { return folder_ / "work"; }
  /// @return the revision
  std::string push(const std::string& file, const std::string& text, const std::string& comments) {
    write_file(work() + "/" + file, text);
    must_run({"git", "add", "."}, work());
    must_run({"git", "-c", "user.name=Ann Example", "-c", "user.email=ann@example.org", "commit", "-q", "-m",
              comments},
             work());
    must_run({"git", "push", "-q", "origin", "main"}, work());
    auto revision = must_run({"git", "rev-parse", "HEAD"}, work());
    revision.pop_back();
    return revision;
  }
  void hook(const std::string& script) {
    const auto path = bare() + "/hooks/post-receive";
    write_file(path, script);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }

 private:
  Folder folder_;
};

std::string config(const Repository& repository, const SmtpServer& smtp, const std::string& source) {
  return "worker.embedded \"local\" { slots = 1 }\n" + source +
         "builder \"demo\" { workers = { \"local\" }, steps = {\n"
         "  step.git { url = \"" +
         repository.bare() +
         "\" },\n"
         "  step.shell \"show\" { command = \"cat second.txt; git rev-parse HEAD\" },\n"
         "} }\n"
         "scheduler.branch \"main\" { branch = \"main\", builders = { \"demo\" } }\n"
         "reporter.mail { from = \"ci@example.org\", to = { \"dev@example.org\" }, relay = \"" +
         smtp.relay() + "\", mode = { \"passing\", \"failing\" } }\n";
}

void expect_build_and_mail(HeadraceUp& up, const SmtpServer& smtp, const std::string& revision) {
  const auto build = up.wait_build("demo", 1);
  EXPECT_EQ(build["results"].int_or(-1), 0) << up.everything_said();
  EXPECT_EQ(build["properties"]["revision"].as_array().at(0).string_or(""), revision);
  EXPECT_EQ(build["properties"]["got_revision"].as_array().at(0).string_or(""), revision);
  const auto log = up.headrace({"log", "demo#1/show", "--channels", "o"});
  EXPECT_EQ(log.out, "two\n" + revision + "\n") << log.err;

  const auto changes = up.rest("/builds/1/changes")["changes"].as_array();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0]["revision"].string_or(""), revision);
  EXPECT_EQ(changes[0]["author"].string_or(""), "Ann Example <ann@example.org>");
  EXPECT_EQ(changes[0]["comments"].string_or("").substr(0, 17), "the second commit");
  EXPECT_EQ(changes[0]["files"].as_array().at(0).string_or(""), "second.txt");

  wait_for(
      "the mail", HeadraceUp::kLimit, [&] { return !smtp.mails().empty(); },
      [&] { return up.everything_said(); });
  ASSERT_EQ(smtp.mails().size(), 1u);
  const auto mail = smtp.mails()[0];
  EXPECT_NE(mail.find("X-Envelope: ci@example.org "), std::string::npos) << mail;
  EXPECT_NE(mail.find("dev@example.org"), std::string::npos) << mail;
  EXPECT_NE(mail.find("ann@example.org"), std::string::npos) << "who wrote the change is told too: " << mail;
  EXPECT_NE(mail.find("demo"), std::string::npos) << mail;
}

TEST(GitPush, ThroughAPostReceiveHook) {
  Repository repository;
  SmtpServer smtp;
  HeadraceUp up(config(repository, smtp, "hook.base {}\n"));
  up.start();
  // What Buildbot's users have in post-receive: one form post a commit.
  repository.hook(
      "#!/bin/sh\n"
      "while read old new ref; do\n"
      "  git log --reverse --format=%H $old..$new | while read rev; do\n"
      "    curl -sS --fail -X POST '" +
      up.intake() +
      "/change_hook/base' \\\n"
      "      --data-urlencode \"author=$(git log -1 --format='%an <%ae>' $rev)\" \\\n"
      "      --data-urlencode \"comments=$(git log -1 --format=%B $rev)\" \\\n"
      "      --data-urlencode \"files=[\\\"$(git diff-tree --no-commit-id --name-only -r $rev)\\\"]\" \\\n"
      "      --data-urlencode \"revision=$rev\" --data-urlencode \"branch=${ref#refs/heads/}\" \\\n"
      "      --data-urlencode 'repository=" +
      repository.bare() +
      "' || exit 1\n"
      "  done\n"
      "done\n");
  const auto revision = repository.push("second.txt", "two\n", "the second commit");
  expect_build_and_mail(up, smtp, revision);
  EXPECT_EQ(up.stop(), 0);
}

TEST(GitPush, ThroughThePoller) {
  Repository repository;
  SmtpServer smtp;
  HeadraceUp up(config(repository, smtp,
                       "change_source.git \"demo\" { url = \"" + repository.bare() +
                           "\", branches = { \"main\" }, poll_interval = \"1s\" }\n"));
  up.start();
  // The first poll records the tips only; a later commit is a change.
  store::BlockingClient redis({*store::parse_address(up.control("redis"))});
  wait_for(
      "the first poll", HeadraceUp::kLimit,
      [&] { return redis.read(store::poller_state("demo")).has_value(); },
      [&] { return up.everything_said(); });
  const auto revision = repository.push("second.txt", "two\n", "the second commit");
  expect_build_and_mail(up, smtp, revision);
  EXPECT_EQ(up.rest("/changes")["changes"].as_array().size(), 1u)
      << "the commit that was there before is no change";
  EXPECT_EQ(up.stop(), 0);
}

}  // namespace
}  // namespace headrace::test
