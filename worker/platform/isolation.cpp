// SPDX-License-Identifier: Apache-2.0
#include "worker/platform/isolation.hpp"

#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

namespace headrace::worker::platform {
namespace {

namespace fs = std::filesystem;
using Access = LandlockRules::Access;
using Paths = std::vector<std::string>;
constexpr std::size_t kKept = 8;  // builds that take turns on one launcher

// Sockets through which a program that is not isolated does what it is told.
const Paths kDoors = {"/run/user",        "/run/dbus",       "/run/systemd/private",
                      "/run/docker.sock", "/run/containerd", "/run/podman",
                      "/run/crio"};
// Where everybody's temporary files are.
const Paths kTemporary = {"/tmp", "/var/tmp", "/dev/shm"};
// Places beside the site's own that hold what is not for builds.
const Paths kPrivate = {"/run/credentials", "/run/secrets", "/etc/headrace", "/var/lib/headrace"};
const Paths kHomes = {"/home", "/root"};
const Paths kDevices = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
                        "/dev/ptmx", "/dev/pts",  "/dev/kvm",  "/dev/fuse",   "/dev/net/tun"};
// What root keeps: files, users and ports; nothing of the machine.
constexpr int kCapabilities[] = {
    CAP_CHOWN,      CAP_DAC_OVERRIDE, CAP_FOWNER,       CAP_FSETID,           CAP_KILL,
    CAP_SETGID,     CAP_SETUID,       CAP_SETPCAP,      CAP_NET_BIND_SERVICE, CAP_NET_RAW,
    CAP_SYS_CHROOT, CAP_SYS_NICE,     CAP_SYS_RESOURCE, CAP_AUDIT_WRITE,      CAP_SETFCAP};

std::string real(const std::string& path) {
  std::error_code error;
  const auto found = fs::canonical(path, error);
  return error ? "" : found.string();
}

std::string home_directory() {
  const passwd* user = getpwuid(geteuid());
  return user && user->pw_dir ? user->pw_dir : "";
}

void add(Paths& to, const Paths& more) { to.insert(to.end(), more.begin(), more.end()); }

// Everything below `place` but what leads to one of `without`.
void all_but(const std::string& place, const std::set<std::string>& without, Paths& out) {
  if (without.contains(place)) return;
  const std::string prefix = place == "/" ? place : place + "/";
  const auto below = without.lower_bound(prefix);
  if (below == without.end() || !below->starts_with(prefix)) return out.push_back(place);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(place, error))
    if (!entry.is_symlink(error)) all_but(entry.path().string(), without, out);
}

// The directories that belong to nobody in particular. What is covered is empty, and needs no leaving out;
// so a file that is replaced in its directory stays readable.
Paths system_places(const House& house, const View& view, bool covered) {
  Paths left_out = {"/dev", house.base_directory};
  add(left_out, kTemporary);
  if (!covered)
    for (const auto* list : {&kPrivate, &kDoors, &house.of_site, &house.of_worker}) add(left_out, *list);
  if (!view.own) {
    add(left_out, kHomes);
    left_out.push_back(home_directory());
  }
  std::set<std::string> without;
  for (const auto& path : left_out)
    if (const auto there = real(path); there.size() > 1) without.insert(there);
  Paths out;
  all_but("/", without, out);
  return out;
}

Paths hidden_places(const House& house) {
  Paths out = {house.base_directory};
  for (const auto* list : {&house.of_site, &house.of_worker, &kPrivate, &kDoors}) add(out, *list);
  return out;
}

// A name, and which file it is at the moment.
std::string identity(const std::string& path) {
  struct stat s {};
  if (stat(path.c_str(), &s) != 0) return path + ":";
  return path + ":" + std::to_string(s.st_dev) + ":" + std::to_string(s.st_ino);
}

void drop_capabilities() {
  for (int number = 0; number < 64; ++number) {
    bool kept = false;
    for (const int capability : kCapabilities) kept |= capability == number;
    if (!kept) prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
  }
}

}  // namespace

std::string isolation_obstacle(const House& house) {
  if (landlock_version() == 0)
    return "this machine's kernel has no Landlock (Linux 5.13 or newer, with landlock among its security "
           "modules)";
  if (!house.of_site.empty() && !CoveredPlaces::make(hidden_places(house), house.base_directory))
    return std::string(
               "what belongs to the site cannot be hidden on this machine: no mount namespace for this user "
               "(") +
           std::strerror(errno) +
           "); look at user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns, or the "
           "seccomp "
           "profile of the container";
  return "";
}

std::string isolation_caveat() {
  return landlock_version() == 1 ? "before Linux 5.19 no isolated step can rename between directories" : "";
}

int Isolation::confine(const void* confinement) {
  const auto& c = *static_cast<const Confinement*>(confinement);
  if (const int error = CoveredPlaces::enter(c.user, c.mounts); error != 0) return error;
  if (c.root) drop_capabilities();
  return LandlockRules::take_on(c.rules);
}

const Isolation::Confinement* Isolation::prepare(const View& view) {
  Made wanted;
  wanted.of = {identity(view.build_directory), view.own ? "own" : "", view.path};
  for (const auto* list : {&view.readable, &view.writable}) {
    wanted.of.emplace_back();
    for (const auto& path : *list) wanted.of.push_back(identity(path));
  }
  const auto known =
      std::find_if(made_.begin(), made_.end(), [&](const Made& made) { return made.of == wanted.of; });
  if (known != made_.end()) {
    made_.splice(made_.begin(), made_, known);
  } else {
    if (!make(view, wanted)) return nullptr;
    made_.push_front(std::move(wanted));
    if (made_.size() > kKept) made_.pop_back();
  }
  return &made_.front().confinement;
}

bool Isolation::make(const View& view, Made& made) const {
  Confinement& c = made.confinement;
  c.root = geteuid() == 0;
  // In a user namespace the files of other users look like nobody's. ssh refuses those, and a checkout needs
  // ssh.
  if (c.root || !view.own) {
    if (auto places = CoveredPlaces::make(hidden_places(house_), view.build_directory)) {
      c.user = places->user();
      c.mounts = places->mounts();
      made.places.emplace(std::move(*places));
    } else if (!house_.of_site.empty()) {
      return false;  // the command could talk to the site's own sockets
    }
  }
  auto rules = LandlockRules::make();
  if (!rules) return false;
  for (const auto& place : system_places(house_, view, made.places.has_value()))
    rules->allow(place, Access::read);
  for (std::size_t at = 0; at < view.path.size();) {
    const auto end = std::min(view.path.find(':', at), view.path.size());
    if (view.path[at] == '/') rules->allow(view.path.substr(at, end - at), Access::read);
    at = end + 1;
  }
  for (const auto& place : kTemporary) rules->allow(place, Access::write);
  for (const auto& device : kDevices) rules->allow(device, Access::device);
  // Other users' processes are closed to this one anyway; as root, /proc is the whole machine.
  if (!c.root) rules->allow("/proc", Access::device);
  for (const auto& place : view.readable) rules->allow(place, Access::read);
  for (const auto& place : view.writable) rules->allow(place, Access::write);
  rules->allow(view.build_directory, Access::write);
  c.rules = rules->fd();
  made.rules.emplace(std::move(*rules));
  return true;
}

}  // namespace headrace::worker::platform
