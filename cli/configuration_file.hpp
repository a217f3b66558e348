// SPDX-License-Identifier: Apache-2.0
// A configuration from disk: checked, and made the current one of a site.
#pragma once

#include <memory>
#include <string>

#include "config/configuration.hpp"
#include "store/client.hpp"

namespace headrace::cli {

struct CheckedConfig {
  config::Files files;
  std::unique_ptr<config::Configuration> configuration;
};

/// Reads and evaluates `path`. Mistakes go to stderr, one a line, `file:line: what`.
/// @return nothing to use (null configuration) when there are any
CheckedConfig check_config(const std::string& path);

/// "1 builder, 2 workers, …" for a person.
std::string summary(const config::Site& site);

}  // namespace headrace::cli
