// SPDX-License-Identifier: Apache-2.0
#include "worker/platform/landlock.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace headrace::worker::platform {
namespace {

// The kernel's numbers; headers of many systems are older than the kernels that run there.
constexpr long kCreateRuleset = 444, kAddRule = 445, kRestrictSelf = 446;
constexpr unsigned kAskVersion = 1, kPathBeneath = 1;
constexpr std::uint64_t kScopeSignal = 1 << 1;

constexpr std::uint64_t bit(int n) { return std::uint64_t{1} << n; }
constexpr std::uint64_t kExecute = bit(0), kWriteFile = bit(1), kReadFile = bit(2), kReadDir = bit(3),
                        kMakeChar = bit(6), kMakeBlock = bit(11), kRefer = bit(13), kTruncate = bit(14),
                        kIoctlDev = bit(15);
constexpr std::uint64_t kOfFiles = kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDev;
constexpr std::uint64_t kRead = kExecute | kReadFile | kReadDir;

struct Attributes {
  std::uint64_t files = 0, network = 0, scoped = 0;
};
struct __attribute__((packed)) PathRule {
  std::uint64_t allowed = 0;
  std::int32_t parent = -1;
};

std::uint64_t known_rights(int version) {
  std::uint64_t all = bit(13) - 1;
  if (version >= 2) all |= kRefer;
  if (version >= 3) all |= kTruncate;
  if (version >= 5) all |= kIoctlDev;
  return all;
}

}  // namespace

int landlock_version() {
  const long version = syscall(kCreateRuleset, nullptr, 0, kAskVersion);
  return version > 0 ? static_cast<int>(version) : 0;
}

std::optional<LandlockRules> LandlockRules::make() {
  const int version = landlock_version();
  if (version == 0) return std::nullopt;
  Attributes attributes;
  attributes.files = known_rights(version);
  if (version >= 6) attributes.scoped = kScopeSignal;
  const long fd = syscall(kCreateRuleset, &attributes, sizeof attributes, 0);
  if (fd < 0) return std::nullopt;
  return LandlockRules(version, static_cast<int>(fd));
}

LandlockRules::~LandlockRules() {
  if (fd_ >= 0) close(fd_);
}

void LandlockRules::allow(const std::string& path, Access access) const {
  PathRule rule;
  rule.parent = open(path.c_str(), O_PATH | O_CLOEXEC);
  if (rule.parent < 0) return;
  if (access == Access::read) rule.allowed = kRead;
  if (access == Access::write) rule.allowed = ~(kMakeChar | kMakeBlock);
  if (access == Access::device) rule.allowed = kReadFile | kWriteFile | kReadDir | kTruncate | kIoctlDev;
  rule.allowed &= known_rights(version_);
  struct stat s {};
  if (fstat(rule.parent, &s) == 0 && !S_ISDIR(s.st_mode)) rule.allowed &= kOfFiles;
  syscall(kAddRule, fd_, kPathBeneath, &rule, 0);
  close(rule.parent);
}

int LandlockRules::take_on(int fd) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return syscall(kRestrictSelf, fd, 0) == 0 ? 0 : errno;
}

}  // namespace headrace::worker::platform
