// SPDX-License-Identifier: Apache-2.0
// A hook dialect: how the hooks of one forge are read. A dialect is a file of its own beside this one and a
// line of the table in CMakeLists.txt; docs/contributing/hook.md adds one.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "changesource/hooks/outcome.hpp"
#include "clock/clock.hpp"
#include "config/options.hpp"
#include "http/server.hpp"
#include "result/result.hpp"

namespace headrace::changesource::hooks {

/// Reads one request. A pure function of the request, the options it was made with, and the time for changes
/// whose sender gives none.
using Handler = std::function<Outcome(const http::Request& request, WallTime now)>;

struct Dialect {
  std::string_view name;  ///< as in hook.<name> and /change_hook/<name>
  /// Headers with the id that the sender gives to a delivery and repeats when the delivery is sent again. The
  /// first one that the request has counts.
  std::span<const std::string_view> id_headers;
  /// Binds the options of the declaration, once for a configuration. Errors name the option.
  Result<Handler> (*prepare)(const config::Options& options);
};

/// Generated from the table in CMakeLists.txt.
std::span<const Dialect* const> dialects();
const Dialect* find_dialect(std::string_view name);  ///< null: there is no such dialect

}  // namespace headrace::changesource::hooks
