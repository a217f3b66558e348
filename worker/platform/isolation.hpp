// SPDX-License-Identifier: Apache-2.0
// What isolation = "process" is made of: Landlock's rules and covered places, for one command after another.
// What each keeps from whom: docs/isolation.md.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "worker/platform/covered_places.hpp"
#include "worker/platform/landlock.hpp"

namespace headrace::worker::platform {

/// What is the same for all commands of a worker.
struct House {
  std::string base_directory;  ///< of the worker; a command sees its own build's directory in it
  std::vector<std::string>
      of_site;  ///< directories and files of the site, whose sockets have to be hidden too
  std::vector<std::string> of_worker;  ///< files that only the worker itself reads
};

/// What one command may reach.
struct View {
  std::string build_directory;
  std::vector<std::string> readable, writable;  ///< beside the system's directories
  bool own = false;                             ///< Headrace's own command: also reads home directories
  std::string path;                             ///< the variable PATH
};

/// Why this machine cannot isolate steps, as a sentence; "" when it can. Starts a process.
std::string isolation_obstacle(const House& house);
/// Why builds that were not written for it could fail when they are isolated here; "" when none should.
std::string isolation_caveat();

class Isolation {
 public:
  explicit Isolation(House house) : house_(std::move(house)) {}

  /// What a child has to do: spawn::Command's confine_with.
  struct Confinement {
    int rules = -1, user = -1, mounts = -1;
    bool root = false;
  };
  /// The build directory has to be there. @return what lives until the next call; nothing, and errno, where
  /// it cannot be
  const Confinement* prepare(const View& view);
  /// spawn::Command's confine.
  static int confine(const void* confinement);

 private:
  struct Made {
    std::vector<std::string> of;  ///< what it was made of
    std::optional<CoveredPlaces> places;
    std::optional<LandlockRules> rules;
    Confinement confinement;
  };
  bool make(const View& view, Made& made) const;

  const House house_;
  std::list<Made> made_;  ///< the last ones, newest first
};

}  // namespace headrace::worker::platform
