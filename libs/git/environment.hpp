// SPDX-License-Identifier: Apache-2.0
// The environment of a git process. A git that finds GIT_DIR or GIT_INDEX_FILE in its environment works in
// that repository, wherever it was started; a service or worker started from a hook or a rebase has them.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

namespace headrace::git {

using Environment = std::map<std::string, std::string>;

/// The variables that name a repository, a part of one, or how its names are read.
/// Source: `git rev-parse --local-env-vars`, without the configuration in GIT_CONFIG_COUNT, which is how
/// people hand settings to every git; with those that git(1) lists beside them.
std::span<const std::string_view> repository_variables();

/// Takes them out: git then looks for a repository in its working directory.
void forget_repository(Environment& environment);

/// Makes it one for a git that nobody watches and that nothing may outlive: no repository of somebody else,
/// no questions at a terminal, no tidying in the background, no programs and no replaced objects of the
/// repository's own. Says nothing where somebody has said otherwise.
void prepare(Environment& environment);

}  // namespace headrace::git
