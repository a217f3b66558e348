// SPDX-License-Identifier: Apache-2.0
// The intake's front door: finds the dialect of a request and lets it read the changes.
//
// Everything here is a pure function of the request and the hook's options: whoever serves HTTP asks the
// questions that come back, records the changes, and answers 2xx only then.
// Source: Buildbot 3.7, www/change_hook.py and www/hooks/.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "changesource/hooks/dialect.hpp"
#include "changesource/hooks/outcome.hpp"
#include "clock/clock.hpp"
#include "config/site.hpp"
#include "http/server.hpp"

namespace headrace::changesource::hooks {

/// True for the paths that belong to hooks: "/change_hook" and everything that begins with it.
bool is_hook_path(const std::string& path);

/// The hooks of one configuration.
class Hooks {
 public:
  /// None: every dialect is refused.
  Hooks() = default;
  explicit Hooks(const std::vector<config::Hook>& declared);

  /// @param request  GET or POST /change_hook/<dialect>; without a dialect: base
  /// @param now      the time of changes whose sender gives none
  Outcome receive(const http::Request& request, WallTime now) const;

 private:
  struct Hook {
    const Dialect* dialect = nullptr;
    Result<Handler> handler;
  };
  std::map<std::string, Hook, std::less<>> hooks_;  ///< by the dialect's name
};

}  // namespace headrace::changesource::hooks
