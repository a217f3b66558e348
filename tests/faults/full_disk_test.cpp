// SPDX-License-Identifier: Apache-2.0
// The disk of a worker is full: the step that needed it fails in its own words, and the worker goes on.
#include <gtest/gtest.h>

#include "support/headrace_up.hpp"

namespace headrace {
namespace {

using namespace std::chrono_literals;
using test::HeadraceUp;

const std::string kConfig = R"(
worker "small" {}
worker.embedded "large" {}
local function builder_of(worker, name, command)
  builder { name = name, workers = { worker }, steps = { step.shell "do" { command = command, log_environ = false } } }
end
builder_of("small", "fill", "head -c 3000000 /dev/zero > big")
builder_of("small", "files", "i=0; while : > f$i; do i=$((i+1)); done; exit 1")
builder_of("small", "empty", "rm -rf ../../fill/build ../../files/build; echo emptied")
builder_of("small", "good", "env printf 'works\\n' > file && cat file")
builder_of("large", "elsewhere", "echo elsewhere")
scheduler.force "force" { builders = { "fill", "files", "empty", "good", "elsewhere" } }
)";

// A worker with a disk of its own: 1 MB and 60 files, in a mount namespace, which a user namespace lets
// anybody make; where these are forbidden, root can do without.
class SmallDiskWorker {
 public:
  explicit SmallDiskWorker(const std::string& token) {
    const auto base = folder_ / "base";
    std::filesystem::create_directories(base);
    const std::string script =
        "for namespaces in '--user --map-root-user --mount' '--mount'; do\n"
        "  if unshare $namespaces mount -t tmpfs -o size=1m,nr_inodes=60 tmpfs \"$1\"; then\n"
        "    exec unshare $namespaces sh -c 'mount -t tmpfs -o size=1m,nr_inodes=60 tmpfs \"$1\" && exec "
        "\"$2\" --base-dir \"$1\"' sh \"$1\" \"$2\"\n"
        "  fi\n"
        "done\n"
        "echo 'this test needs a small file system: neither a user namespace nor root may mount one here'\n"
        "exit 1\n";
    program_ = std::make_unique<test::Program>(
        std::vector<std::string>{"sh", "-c", script, "sh", base, HeadraceUp::binary("headrace-worker")},
        std::vector<std::string>{"HEADRACE_WORKER_TOKEN=" + token});
    test::wait_for(
        "the worker to be welcomed", 30s,
        [&] {
          if (program_->output().find("welcomed name=small") != std::string::npos) return true;
          if (!program_->running())
            throw std::runtime_error("the worker did not start:\n" + program_->output());
          return false;
        },
        [&] { return program_->output(); });
  }
  bool running() { return program_->running(); }
  std::string said() const { return program_->output(); }
  int stop() {
    program_->signal(SIGTERM);
    return program_->wait(20s);
  }

 private:
  test::Folder folder_;
  std::unique_ptr<test::Program> program_;
};

class FullDisk : public testing::Test {
 protected:
  FullDisk() : up_(kConfig) {
    up_.start();
    const auto added = up_.headrace({"worker", "add", "small"});
    if (added.status != 0) throw std::runtime_error(added.err);
    // Events are read in order: once it has built this, the dispatcher knows the key.
    expect_status(up_.headrace({"force", "elsewhere", "--wait"}), 0);
    worker_ = std::make_unique<SmallDiskWorker>(added.out.substr(0, added.out.find('\n')));
  }

  void expect_status(const test::Finished& done, int status) {
    EXPECT_EQ(done.status, status) << done.err << explain();
  }
  std::string explain() const { return up_.everything_said() + (worker_ ? worker_->said() : ""); }

  // Builds it and looks for `words` in what is said of it: the step's log, and what Headrace adds.
  void expect_built(const std::string& builder, int number, int results, const std::string& words) {
    expect_status(up_.headrace({"force", builder, "--wait"}), results == 0 ? 0 : 1);
    const auto build = up_.wait_build(builder, number);
    EXPECT_EQ(build["results"].int_or(-1), results) << builder << explain();
    const auto log = up_.raw_log(build["buildid"].int_or(0), "do");
    EXPECT_NE(log.find(words), std::string::npos) << builder << ":\n" << log;
    EXPECT_TRUE(worker_->running()) << explain();
  }

  void finish() {
    expect_built("elsewhere", 2, 0, "elsewhere\n");
    EXPECT_EQ(up_.rest("/builds?results=5")["builds"].as_array().size(), 0u) << "none was retried";
    EXPECT_EQ(worker_->stop(), 0) << explain();
    EXPECT_EQ(up_.stop(), 0);
  }

  HeadraceUp up_;
  std::unique_ptr<SmallDiskWorker> worker_;
};

}  // namespace

TEST_F(FullDisk, AStepThatWritesTooMuchFailsInItsOwnWordsAndTheNextBuildIsGood) {
  expect_built("fill", 1, 2, "No space left on device");
  expect_built("good", 1, 2, "No space left on device");
  expect_built("fill", 2, 2, "No space left on device");
  expect_built("empty", 1, 0, "emptied\n");
  expect_built("good", 2, 0, "works\n");
  finish();
}

TEST_F(FullDisk, ABuildWhoseDirectoryCannotBeMadeIsAnExceptionThatNamesIt) {
  expect_built("empty", 1, 0, "emptied\n");
  expect_built("files", 1, 2, "No space left on device");
  expect_built("good", 1, 4, "/good/build': No space left on device");
  expect_built("empty", 2, 0, "emptied\n");
  expect_built("good", 2, 0, "works\n");
  finish();
}

}  // namespace headrace
