// SPDX-License-Identifier: Apache-2.0
// headrace-worker: takes builds and runs them. Exit: 0 asked to stop, 1 failed, 2 wrong settings or directory
// in use.
#include <cstdio>
#include <exception>

#include "log/log.hpp"
#include "process/private_files.hpp"
#include "worker/platform/base_directory.hpp"
#include "worker/service.hpp"
#include "worker/settings.hpp"

int main(int argc, char** argv) {
  using namespace headrace;
  int status = 0;
  auto settings = worker::read_settings(argc, argv, status);
  if (!settings) return status;
  settings->umask = process::make_files_private();
  start_logging("worker", settings->log_level);
  const auto base = worker::platform::BaseDirectory::take(settings->base_directory);
  if (!base) return std::fprintf(stderr, "headrace-worker: %s\n", base.error().text.c_str()), 2;
  if (const auto open = process::close_to_others(base->path(), process::Depth::folder); !open.empty())
    spdlog::warn("{}", open);
  try {
    return worker::WorkerService(*settings, *base).run();
  } catch (const std::exception& e) {
    spdlog::error("cannot go on: {}", e.what());
    return 1;
  }
}
