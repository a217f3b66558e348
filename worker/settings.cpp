// SPDX-License-Identifier: Apache-2.0
#include "worker/settings.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "arguments/arguments.hpp"
#include "spawn/spawn.hpp"

namespace headrace::worker {
namespace {

// "30s", "500ms", "2m" or seconds as a number.
std::optional<milliseconds> parse_time(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const std::string unit = end;
  double factor = 0;
  if (unit.empty() || unit == "s") factor = 1000;
  if (unit == "ms") factor = 1;
  if (unit == "m" || unit == "min") factor = 60'000;
  if (unit == "h") factor = 3'600'000;
  if (end == text.c_str() || factor == 0 || number < 0 || number * factor > 1e12) return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(number * factor));
}

}  // namespace

std::optional<Settings> read_settings(int argc, char** argv, int& exit_status) {
  Settings s;
  std::string token, lease = "1h";
  std::uint64_t spool = s.spool_bytes;
  arguments::Program command("headrace-worker",
                             "Takes builds from a Headrace server and runs their steps on this machine.",
                             "headrace-worker " HEADRACE_VERSION);
  command.option("--base-dir", s.base_directory, "where builds have their directories")
      .env("HEADRACE_WORKER_DIR")
      .show_default();
  command.option("--token", token, "what `headrace worker add` printed").env("HEADRACE_WORKER_TOKEN");
  command.option("--token-file", s.token_file, "file that holds the token").env("HEADRACE_WORKER_TOKEN_FILE");
  command.option("--spool-size", spool, "bytes kept for the server before steps have to wait (\"32MiB\")")
      .env("HEADRACE_WORKER_SPOOL_SIZE")
      .bytes()
      .show_default();
  command.option("--lease", lease, "silence after which steps are killed, if the server's lease is longer")
      .env("HEADRACE_WORKER_LEASE")
      .show_default();
  command.option("--log-level", s.log_level, "trace, debug, info, warn or error")
      .env("HEADRACE_LOG_LEVEL")
      .show_default();
  command.option("--status", s.status, "unix:/path or HOST:PORT for /healthz and /metrics")
      .env("HEADRACE_STATUS");
  command.option("--parent-fd", s.parent_fd, "descriptor of a pipe whose end means: stop")
      .env("HEADRACE_PARENT_FD");
  command.option("--launcher", s.launcher, "path of headrace-launcher").env("HEADRACE_LAUNCHER");
  command.option("--hide", s.hide, "a path of the site that isolated steps must not reach");
  if (const auto status = command.parse(argc, argv)) {
    exit_status = *status;
    return std::nullopt;
  }
  unsetenv("HEADRACE_WORKER_TOKEN");
  const auto refuse = [&](const std::string& why) -> std::optional<Settings> {
    std::fprintf(stderr, "headrace-worker: %s\n", why.c_str());
    exit_status = 2;
    return std::nullopt;
  };
  if (token.empty() && s.token_file.empty())
    return refuse(
        "no token: give --token or --token-file (HEADRACE_WORKER_TOKEN) with what `headrace worker add` "
        "printed");
  if (token.empty()) {
    std::ifstream file(s.token_file);
    if (!file) return refuse("token file '" + s.token_file + "' cannot be read");
    token.assign(std::istreambuf_iterator<char>(file), {});
  }
  auto decoded = token::decode(token, "worker");
  if (!decoded) return refuse(decoded.error().text);
  s.token = std::move(*decoded);
  const auto time = parse_time(lease);
  if (!time || *time < milliseconds(1000))
    return refuse("--lease '" + lease + "' is no time of at least a second, like '30s'");
  s.longest_silence = *time;
  if (spool < 65'536) return refuse("--spool-size " + std::to_string(spool) + " is less than 64KiB");
  s.spool_bytes = spool;
  if (s.launcher.empty()) s.launcher = spawn::own_folder() + "/headrace-launcher";
  return s;
}

}  // namespace headrace::worker
