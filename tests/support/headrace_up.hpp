// SPDX-License-Identifier: Apache-2.0
// A whole Headrace for a test: `headrace up` with its own data directory and ports that nobody has.
#pragma once

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "http/client.hpp"
#include "json/value.hpp"
#include "support/program.hpp"
#include "support/wait.hpp"

namespace headrace::test {

using namespace std::chrono_literals;

/// Start, look, break, start again:
///
///   HeadraceUp up(R"(worker.embedded "local" { slots = 2 } …)");
///   up.start();
///   up.post_change({{"branch", "main"}, {"revision", "abc"}});
///   const auto build = up.wait_build("hello", 1);         // complete, as REST has it
///   up.signal_child("scheduler", SIGKILL);                // `up` starts it again
///   EXPECT_EQ(up.stop(), 0);
class HeadraceUp {
 public:
  static constexpr std::chrono::seconds kLimit{60};  ///< of every wait below, unless given

  /// @param config  text of headrace.lua; files it loads can be written to folder() before start()
  explicit HeadraceUp(const std::string& config, std::vector<std::string> more_arguments = {});
  ~HeadraceUp();

  /// Starts and waits for `headrace is up`. Throws with everything it said when it ends instead.
  void start();
  /// Starts without waiting.
  void spawn();
  void wait_up();
  /// SIGTERM, waits. @return exit status
  int stop();
  /// SIGKILL of `up` alone, waits for its end (not for that of its children).
  void kill();
  Program& program() { return *program_; }

  /// Folder of the configuration, and of the data below it.
  const std::string& folder() const { return folder_.path(); }
  std::string data() const { return folder_ / "data"; }
  std::string config() const { return folder_ / "headrace.lua"; }
  void write_config(const std::string& text) { write_file(config(), text); }

  /// Of "redis", "bus", "web", "changesource", "scheduler", "dispatcher", "notifier", "worker-<name>"; 0: not
  /// running.
  pid_t pid_of(const std::string& child) const;
  /// Throws when it is not running.
  void signal_child(const std::string& child, int number);
  /// Waits until `child` runs under another pid than `old`. @return the new one
  pid_t wait_restarted(const std::string& child, pid_t old);
  /// What is in DATA/log/<child>.log.
  std::string log_of(const std::string& child) const { return read_file(data() + "/log/" + child + ".log"); }

  std::string web() const;  ///< "http://127.0.0.1:port"
  std::string intake() const;
  std::string control(const std::string& field) const;  ///< of DATA/run/control

  /// GET of the REST API below /api/v2, e.g. "/builds?complete=true". Throws unless it answers 200.
  json::Value rest(const std::string& path) const;
  /// The same; null when it does not answer 200 (a service is down).
  json::Value try_rest(const std::string& path) const;
  http::Reply post(const std::string& url, const std::string& body,
                   const std::string& content_type = "application/json") const;
  /// POST /change_hook/base with these form fields. Throws unless it answers 2xx.
  void post_change(const std::vector<std::pair<std::string, std::string>>& fields) const;

  /// Waits until build `number` of `builder` is complete. @return it, as REST has it
  json::Value wait_build(const std::string& builder, int number, std::chrono::seconds limit = kLimit) const;
  /// Waits until `count` builds are complete and no request is open. @return all builds, oldest first
  json::Array wait_builds(std::size_t count, std::chrono::seconds limit = kLimit) const;
  /// The raw text of log `slug` of step `step` (name), with the header lines that REST puts before it.
  std::string raw_log(std::int64_t build, const std::string& step, const std::string& slug = "stdio") const;

  /// Runs `headrace <words…> --data <data>`.
  Finished headrace(std::vector<std::string> words) const;
  static std::string binary(const std::string& name);  ///< path of a program of this build

  /// What every process said, for the message of a failed test.
  std::string everything_said() const;

 private:
  Folder folder_;
  std::vector<std::string> more_arguments_;
  std::unique_ptr<Program> program_;
};

/// "a=b&c=d", percent-encoded.
std::string form(const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace headrace::test
