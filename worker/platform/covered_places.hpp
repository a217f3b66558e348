// SPDX-License-Identifier: Apache-2.0
// A mount namespace in which some places are empty. Landlock says nothing about connecting to a socket in the
// file system; where its path leads to nothing, there is nothing to connect to. As root no other rights are
// needed; every other user needs a user namespace for it, which some systems forbid.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace headrace::worker::platform {

class CoveredPlaces {
 public:
  /// @param hidden  files and directories, absolute; those that are not there are passed over
  /// @param kept    a directory that stays, also below a hidden one
  /// @return nothing, and errno, where this process may not
  static std::optional<CoveredPlaces> make(const std::vector<std::string>& hidden, const std::string& kept);
  CoveredPlaces(CoveredPlaces&& other) noexcept : user_(other.user_), mounts_(other.mounts_) {
    other.user_ = other.mounts_ = -1;
  }
  CoveredPlaces& operator=(CoveredPlaces&&) = delete;
  ~CoveredPlaces();

  int user() const { return user_; }  ///< its user namespace; -1: none, as root
  int mounts() const { return mounts_; }
  /// The calling process goes there; only system calls. @return 0 or errno
  static int enter(int user, int mounts);

 private:
  CoveredPlaces(int user, int mounts) : user_(user), mounts_(mounts) {}
  int user_;
  int mounts_;
};

}  // namespace headrace::worker::platform
