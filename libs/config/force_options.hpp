// SPDX-License-Identifier: Apache-2.0
// What `scheduler.force` has of its own. It stands here because no service runs such a scheduler: the command
// line forces builds, and the pages show its button.
#pragma once

#include <string>

namespace headrace::config {

struct ForceOptions {
  std::string button_name;  ///< "": the scheduler's name

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("button_name", s.button_name);
  }
};

}  // namespace headrace::config
