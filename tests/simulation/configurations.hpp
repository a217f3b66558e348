// SPDX-License-Identifier: Apache-2.0
// The configurations of the runs: they differ between seeds, and their versions within a run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/configuration.hpp"

namespace headrace::simulation {

/// @param word         every step of this version has it in its command, and a function of another version
///                     skips steps that have it
/// @param tree_stable  whole seconds
config::Files configuration_files(const std::string& word, std::chrono::seconds tree_stable);

/// Evaluates each text once in the life of the process.
std::shared_ptr<config::Configuration> evaluate_once(const config::Files& files,
                                                     std::vector<config::Problem>& problems);

}  // namespace headrace::simulation
