// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "support/headrace_up.hpp"

namespace headrace::test {

/// Eight builders on one worker with eight slots; a change of project "p<i>" is built by "b<i>", i in 1…8.
/// @param step  the builder's one step, in Lua
inline std::string eight_builders(const std::string& step) {
  return R"(
hook.base {}
worker.embedded "local" { slots = 8 }
for i = 1, 8 do
  local name = "b" .. i
  builder { name = name, workers = { "local" }, steps = { )" +
         step + R"( } }
  scheduler.branch { name = "s" .. i, builders = { name }, change_filter = { project = "p" .. i } }
end
)";
}

/// Posts change `n` for the builder whose turn it is.
inline void post_to_one_of_eight(const HeadraceUp& up, int n) {
  up.post_change({{"author", "ann"},
                  {"comments", "c"},
                  {"branch", "main"},
                  {"project", "p" + std::to_string(n % 8 + 1)},
                  {"revision", "r" + std::to_string(n)}});
}

}  // namespace headrace::test
