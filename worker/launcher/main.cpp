// SPDX-License-Identifier: Apache-2.0
// headrace-launcher: started by headrace-worker, not by people.
#include <cstdio>
#include <cstdlib>

#include "worker/launcher/launcher.hpp"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "headrace-launcher is started by headrace-worker: FD LEASE_MS MARKER\n");
    return 2;
  }
  headrace::worker::LauncherSettings settings;
  settings.fd = std::atoi(argv[1]);
  settings.lease = std::chrono::milliseconds(std::atoll(argv[2]));
  settings.worker_marker = argv[3];
  return headrace::worker::Launcher(settings).run();
}
