// SPDX-License-Identifier: Apache-2.0
// A control group (version 2) of a worker's own: what was started in it can be found and killed at once,
// whatever it did to its parents, session and environment, and whoever was killed before. Only where this
// process may make one: as root, or in a unit with Delegate=yes.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace headrace::worker::platform {

class ControlGroup {
 public:
  /// Below this process's own group; one of this name may be there from an earlier life.
  /// @return nothing where it cannot be made, or not be killed (Linux before 5.14)
  static std::optional<ControlGroup> make(const std::string& name);
  /// A group inside of this one.
  std::optional<ControlGroup> make_inside(const std::string& name) const;

  bool add(pid_t pid) const;
  /// Kills everything in it until nothing is left, for at most 5 s. @return how many there were
  int kill() const;
  /// The group goes when nothing is in it.
  void remove() const;

 private:
  explicit ControlGroup(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace headrace::worker::platform
