// SPDX-License-Identifier: Apache-2.0
// The code of a build beside the site's secrets: what a step of an embedded worker finds of them.
#include <gtest/gtest.h>

#include "support/headrace_up.hpp"

namespace headrace::test {
namespace {

// Looks where the secrets are, as the user that has them. $1: the data directory.
const std::string kLook = R"sh(
for file in keys/site.key keys/worker-local.key run/control ../headrace.lua; do
  grep -q . $1/$file 2>/dev/null && echo FOUND $file  # what is covered is empty
done
for p in /proc/[0-9]*; do
  words=$(tr '\0' ' ' < $p/cmdline 2>/dev/null)
  case $words in
    redis-server*$1/redis*)
      socket=$(echo "$words" | sed -n 's/.*--unixsocket \([^ ]*\).*/\1/p')
      redis-cli -s $socket get '{headrace}:config:1' 2>/dev/null | grep -a -q hook-s3cret && echo FOUND the secret ;;
    */bin/headrace-web\ *$1*) cat $p/environ > /dev/null 2>&1 && echo FOUND an environment
      kill -0 ${p#/proc/} 2>/dev/null && echo FOUND a service ;;
  esac
done
echo looked
)sh";

std::string found(const std::string& isolation) {
  HeadraceUp up("");
  up.write_config("worker.embedded \"local\" { " + isolation + " }\n" + R"(
hook.github { secret = "hook-s3cret", strict = true }
builder "look" { workers = "local", steps = { step.shell "look" {
  command = { "sh", "-c", [==[)" +
                  kLook + "]==], \"look\", \"" + up.data() + R"(" }, log_environ = false } } }
scheduler.force "force" { builders = "look" }
)");
  up.start();
  EXPECT_EQ(up.headrace({"force", "look", "--wait"}).status, 0);
  const auto log = up.raw_log(1, "look");
  EXPECT_NE(log.find("\nlooked"), std::string::npos) << log;
  std::string out;
  for (auto at = log.find("\nFOUND "); at != std::string::npos; at = log.find("\nFOUND ", at + 1))
    out += log.substr(at + 7, log.find('\n', at + 1) - at - 6);
  EXPECT_EQ(up.stop(), 0);
  return out;
}

TEST(IsolatedStep, OfAnEmbeddedWorkerFindsNothingOfTheSite) {
  const auto open = found("isolation = \"none\"");
  for (const char* what : {"keys/site.key", "run/control", "../headrace.lua", "the secret", "an environment"})
    EXPECT_NE(open.find(what), std::string::npos) << what << " is not in\n" << open;
  EXPECT_EQ(found(""), "");
}

TEST(IsolatedStep, OfWhatCannotBeDoneIsRefusedInWords) {
  HeadraceUp up(
      "worker \"w\" { isolation = \"container\" }\nworker \"v\" { isolation = \"proces\", readable = \"lib\" "
      "}\n");
  const auto check = run({HeadraceUp::binary("headrace"), "check", up.config()});
  EXPECT_NE(check.err.find("isolation of worker \"w\": \"container\" is not yet supported"),
            std::string::npos)
      << check.err;
  EXPECT_NE(check.err.find("\"none\" or \"process\""), std::string::npos) << check.err;
  EXPECT_NE(check.err.find("begins with \"/\""), std::string::npos) << check.err;
}

}  // namespace
}  // namespace headrace::test
