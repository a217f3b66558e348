// SPDX-License-Identifier: Apache-2.0
// A worker in another language, written after docs/protocol.md: the example builds what a hook brings. And
// the subscriber that reads what it has missed (what it hears live: deployed_test.cpp).
#include <gtest/gtest.h>

#include "support/headrace_up.hpp"

namespace headrace::test {
namespace {

const std::string kConfig = R"(
worker "py" {}
hook.base {}
builder "hello" {
  workers = { "py" },
  steps = {
    step.shell "greet" { command = "printf 'one\n\ntwo \\303\\251'; printf ' three' >&2", env = { LC_ALL = "C", HOME = false } },
    step.shell "words" { command = { "sh", "-c", "printf '%s|' \"$@\" \"$LIST\"", "-", "a b", "c" }, workdir = "elsewhere", env = { LIST = { "/x", "${MISSING}/y" } } },
    step.shell "many" { command = "seq 200000", do_step_if = true },
    step.shell "mild" { command = "exit 3", flunk_on_failure = false, decode_rc = { [3] = "warnings" } },
    step.shell "never" { command = "echo never", do_step_if = false },
  },
}
builder "bad" {
  workers = { "py" },
  steps = {
    step.shell "fails" { command = "exit 4", halt_on_failure = true },
    step.shell "unreached" { command = "true" },
    step.shell "always" { command = "true", always_run = true },
  },
}
builder "slow" { workers = { "py" }, steps = { step.shell "sleep" { command = "echo begun; exec sleep 600" } } }
scheduler.branch "main" { branch = "main", builders = { "hello" } }
scheduler.force "force" { builders = { "bad", "slow" } }
)";

// The example as a child, with the one word that `headrace worker add` prints.
class PythonWorker {
 public:
  explicit PythonWorker(HeadraceUp& up) : up_(up) {
    const auto added = up.headrace({"worker", "add", "py"});
    if (added.status != 0) throw std::runtime_error(added.err);
    token_ = added.out.substr(0, added.out.find('\n'));
    start();
  }
  void start() {
    program_ = std::make_unique<Program>(
        std::vector<std::string>{"/usr/bin/python3", HEADRACE_SOURCE_DIR "/examples/worker/worker.py", token_,
                                 up_.folder() + "/python-worker"});
    wait_said("connected as py\n");
  }
  void wait_said(const std::string& text) {
    wait_for(
        "`" + text + "` of the worker", HeadraceUp::kLimit,
        [&] {
          if (!program_->running()) throw std::runtime_error("the worker ended:\n" + program_->output());
          return program_->output().find(text) != std::string::npos;
        },
        [this] { return program_->output() + up_.everything_said(); });
  }
  Program& program() { return *program_; }

 private:
  HeadraceUp& up_;
  std::string token_;
  std::unique_ptr<Program> program_;
};

// What a step wrote, byte for byte.
std::string output(HeadraceUp& up, const std::string& build, const std::string& step) {
  const auto done = up.headrace({"log", build + "/" + step, "--channels", "oe"});
  EXPECT_EQ(done.status, 0) << done.err;
  return done.out;
}

TEST(PythonWorker, BuildsWhatAHookBrings) {
  HeadraceUp up(kConfig);
  up.start();
  PythonWorker worker(up);
  up.post_change({{"author", "Ann"}, {"branch", "main"}, {"revision", "1"}, {"comments", "c"}});

  const auto build = up.wait_build("hello", 1);
  EXPECT_EQ(build["results"].int_or(-1), 0) << json::write(build) << worker.program().output();
  EXPECT_EQ(build["state_string"].string_or(""), "build successful");
  EXPECT_EQ(build["properties"]["buildnumber"], (json::Array{1, "Build"}));
  EXPECT_EQ(output(up, "hello#1", "greet"), "one\n\ntwo \xc3\xa9 three");
  EXPECT_EQ(output(up, "hello#1", "words"), "a b|c|/x:/y|");
  EXPECT_EQ(output(up, "hello#1", "many"), must_run({"seq", "200000"}));
  const auto steps = up.rest("/builds/1/steps?order=number")["steps"].as_array();
  ASSERT_EQ(steps.size(), 5u);
  EXPECT_EQ(steps[3]["results"].int_or(-1), 1) << "decode_rc";
  EXPECT_EQ(steps[4]["results"].int_or(-1), 3) << "do_step_if";

  // A step that fails stops the build, but for what always runs.
  EXPECT_EQ(up.headrace({"force", "bad", "--wait"}).status, 1);
  up.wait_build("bad", 1);  // REST has it as well
  const auto after = up.rest("/builders/bad/builds/1/steps?order=number")["steps"].as_array();
  ASSERT_EQ(after.size(), 2u);
  EXPECT_EQ(after[0]["results"].int_or(-1), 2);
  EXPECT_EQ(after[1]["name"].string_or(""), "always");

  worker.program().signal(SIGTERM);
  EXPECT_EQ(worker.program().wait(HeadraceUp::kLimit), 0) << worker.program().output();
  EXPECT_EQ(up.stop(), 0);
}

// The connection and the dispatcher die under it; the build goes on and ends where it was.
TEST(PythonWorker, GoesOnAfterTheDispatcherDiesAndStopsWhenItIsTold) {
  HeadraceUp up(kConfig);
  up.start();
  PythonWorker worker(up);
  ASSERT_EQ(up.headrace({"force", "slow"}).status, 0);
  const auto begun = [&] { return up.headrace({"log", "slow#1", "--channels", "o"}).out == "begun\n"; };
  wait_for("the step's first line", HeadraceUp::kLimit, begun,
           [&] { return worker.program().output() + up.everything_said(); });

  const auto old = up.pid_of("dispatcher");
  up.signal_child("dispatcher", SIGKILL);
  up.wait_restarted("dispatcher", old);
  worker.wait_said("connected as py\nconnected as py\n");
  EXPECT_FALSE(up.rest("/builds/1")["builds"].as_array().at(0)["complete"].bool_or(true));

  ASSERT_EQ(up.headrace({"stop", "slow#1", "--reason", "enough"}).status, 0);
  const auto build = up.wait_build("slow", 1);
  EXPECT_EQ(build["results"].int_or(-1), 6) << json::write(build);
  EXPECT_EQ(output(up, "slow#1", "sleep"), "begun\n");
  EXPECT_EQ(processes_with(up.folder() + "/python-worker").find("sleep 600"), std::string::npos);
  EXPECT_EQ(up.stop(), 0);
}

TEST(PythonSubscriber, ReadsWhatItHasMissedAndThenListens) {
  HeadraceUp up(
      "worker.embedded \"local\" {}\n"
      "builder \"b\" { workers = \"local\", steps = { step.shell { command = \"true\" } } }\n"
      "scheduler.force \"force\" { builders = \"b\" }\n");
  up.start();
  ASSERT_EQ(up.headrace({"force", "b", "--wait"}).status, 0);
  const auto added = up.headrace({"subscriber", "add", "late"});
  ASSERT_EQ(added.status, 0) << added.err;
  Program subscriber({"/usr/bin/python3", HEADRACE_SOURCE_DIR "/examples/subscriber/subscriber.py",
                      added.out.substr(0, added.out.find('\n')), up.web(), "1"});
  const auto line = [](int number) { return "build.finished.b b #" + std::to_string(number) + " success\n"; };
  const auto said = [&](const std::string& text) {
    wait_for(
        "`" + text + "` of the subscriber", HeadraceUp::kLimit, [&] { return subscriber.output() == text; },
        [&] { return subscriber.output(); });
  };
  said("listening\n" + line(1));
  ASSERT_EQ(up.headrace({"force", "b", "--wait"}).status, 0);
  said("listening\n" + line(1) + line(2));
}

}  // namespace
}  // namespace headrace::test
