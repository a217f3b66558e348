// SPDX-License-Identifier: Apache-2.0
// Loaded into a redis-server (LD_PRELOAD): a disk that is so busy that each sync takes 1.5 s.
#include <sys/syscall.h>
#include <unistd.h>

extern "C" int fdatasync(int descriptor) {
  usleep(1'500'000);
  return static_cast<int>(syscall(SYS_fdatasync, descriptor));
}
