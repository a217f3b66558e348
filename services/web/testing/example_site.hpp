// SPDX-License-Identifier: Apache-2.0
// For tests: a small site, and records of its builds.
#pragma once

#include <string>
#include <vector>

#include "config/site.hpp"
#include "web/history/projection.hpp"
#include "wire/records.hpp"

namespace headrace::web {

/// Builders "kernel" (id 1) and "docs" (2) on workers "w1" (1) and "w2" (2); schedulers "main" and "force".
config::Site example_site();
Names example_names();

wire::Change example_change(const std::string& branch, const std::string& revision);
wire::Buildset example_buildset(const std::vector<std::string>& builders,
                                const std::vector<ChangeId>& changes);
/// A build without steps; `results` unset: it runs.
wire::Build example_build(std::int64_t request, const std::string& builder, std::optional<Results> results);
/// Step 0 "git" with one log "stdio" of `lines` lines.
wire::StepRecord example_step(int number, const std::string& name, std::optional<Results> results,
                              std::int64_t lines);

}  // namespace headrace::web
