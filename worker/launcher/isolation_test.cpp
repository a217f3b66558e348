// SPDX-License-Identifier: Apache-2.0
// What a real command finds when it is isolated. Needs Landlock and a mount namespace, and says so where
// there are none.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "worker/launcher/launcher_fixture.hpp"

namespace headrace::worker {

using IsolatedCommand = LauncherTest;

TEST_F(IsolatedCommand, ALinkOfABuildLeadsTheLauncherNowhere) {
  make_site();
  std::filesystem::create_directory_symlink(folder_ + "/site", folder_ + "/base/b/build");
  EXPECT_EQ(isolated("pwd"), "cannot make directory " + folder_ + "/base/b/build: Permission denied");
  EXPECT_TRUE(std::filesystem::remove(folder_ + "/base/b/build"));
}

// Needs Landlock and a mount namespace, which this machine may not have.
#define NEED_ISOLATION() \
  make_site();           \
  if (const auto why = platform::isolation_obstacle(house_); !why.empty()) GTEST_SKIP() << why

TEST_F(IsolatedCommand, WorksInItsOwnDirectory) {
  NEED_ISOLATION();
  EXPECT_EQ(
      isolated("echo one > a && mkdir d && mv a d/a && ln d/a b && cat b && rm -r d && touch $HOME/h && "
               "t=$(mktemp) && echo two > $t && cat $t && rm $t && echo three > /dev/null && "
               "head -c 2 /dev/zero | wc -c && cd /proc/self && ls > /dev/null && echo $(ls /etc | grep -c "
               "hosts)"),
      "one\ntwo\n2\n1\n");
  EXPECT_EQ(exits_[last_].code, 0);
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/base/b/build/b"));
  // A directory that was removed meanwhile is another one.
  std::filesystem::remove_all(folder_ + "/base/b");
  EXPECT_EQ(isolated("echo x > a; cat a"), "x\n");
}

TEST_F(IsolatedCommand, ReachesNothingOfTheSite) {
  NEED_ISOLATION();
  const auto said = isolated("f=" + folder_ + R"sh(
for p in $f/site/keys/site.key $f/headrace.lua $f/w.token $f/base/other/secret /proc/1/environ /proc/$PPID/environ \
  /proc/1/root$f/site/keys/site.key /proc/$PPID/root$f/site/keys/site.key /proc/$PPID/cwd/../../site/keys/site.key; do
  grep -a . "$p" 2>/dev/null | tr '\0' '\n' | sed "s#^#GOT $p #"
done
ln $f/site/keys/site.key here 2>/dev/null && echo GOT a link
ls $f/site/keys 2>/dev/null
for p in $f/site/new $f/run/new $f/base/new $f/base/other/new /etc/headrace-test /usr/headrace-test /root/headrace-test \
  /sys/fs/cgroup/unified/cgroup.procs /sys/fs/cgroup/cgroup.procs; do
  (echo $$ > "$p") 2>/dev/null && echo "WROTE $p"
done
umount $f/site 2>/dev/null && echo UNMOUNTED
mount -t tmpfs none $f/run 2>/dev/null && echo MOUNTED
unshare -rm umount $f/site 2>/dev/null && echo UNMOUNTED in another namespace
kill -0 $PPID 2>/dev/null && echo may signal the launcher
mknod disk b 254 0 2>/dev/null && echo made a device
cat /dev/[svn][dv]a > /dev/null 2>&1 && echo read a disk
cat $f/open
)sh");
  std::string expected = "SECRET\n";
  if (platform::landlock_version() < 6) expected = "may signal the launcher\n" + expected;
  EXPECT_EQ(said, expected);
}

TEST_F(IsolatedCommand, DoesNotReachTheSitesSockets) {
  NEED_ISOLATION();
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder_ + "/run/redis.sock";
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  const std::string connect =
      "perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); "
      "print connect(S, sockaddr_un(\"" +
      path + "\")) ? \"reached\" : \"$!\"'";
  EXPECT_EQ(isolated(connect), "No such file or directory");
  const auto open = shell(connect);
  ASSERT_TRUE(ended(open));
  EXPECT_EQ(out_[open], "reached");
  ::close(listener);
}

TEST_F(IsolatedCommand, SeesWhatTheConfigurationNames) {
  NEED_ISOLATION();
  char name[] = "/root/launcher-test-XXXXXX";  // a home directory
  if (geteuid() != 0 || !mkdtemp(name)) GTEST_SKIP() << "needs a home directory that it may write to";
  const std::string home = name;
  std::ofstream(home + "/file") << "x\n";
  const std::string look =
      "cat " + home + "/file 2>/dev/null || echo no; touch " + home + "/new 2>/dev/null || echo no";
  EXPECT_EQ(isolated(look), "no\nno\n");
  EXPECT_EQ(isolated(look, {.readable = {home}}), "x\nno\n");
  EXPECT_EQ(isolated(look, {.own = true}), "x\nno\n");
  EXPECT_EQ(isolated(look, {.writable = {home}}), "x\n");
  std::filesystem::remove_all(home);
}

}  // namespace headrace::worker
