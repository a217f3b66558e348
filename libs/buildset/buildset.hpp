// SPDX-License-Identifier: Apache-2.0
// How a buildset is made: what its scheduler declares, put together with what the changes, a person or
// another build say. Pure; whoever calls commits the result.
//
// Properties are layered as Buildbot layers them; each layer replaces those before it:
//   1. of whoever asks for the buildset (a form, a command line)
//   2. of the scheduler
//   3. of the changes, in their order
//   4. `scheduler`, the scheduler's name
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/configuration.hpp"
#include "model/property.hpp"
#include "wire/records.hpp"

namespace headrace::buildset {

/// What one buildset has of its own.
struct Wanted {
  std::string reason;                 ///< "": the scheduler's, else that of its kind
  std::vector<std::string> builders;  ///< none: all of the scheduler
  /// Codebase → its sourcestamp, where no change says otherwise; none: the one codebase "".
  std::map<std::string, wire::SourceStamp> codebases;
  std::vector<wire::Change> changes;  ///< oldest first
  Properties properties;
};

struct Made {
  wire::Buildset set;
  /// Functions of the configuration that failed. Their properties are missing from the set.
  std::vector<std::string> complaints;
};

/// @return the buildset, with one sourcestamp a codebase (of its newest change, else as wanted), in order of
/// the
///         codebases' names, and one request a builder
Made make_buildset(config::Configuration& configuration, const config::Scheduler& scheduler, Wanted wanted);

}  // namespace headrace::buildset
