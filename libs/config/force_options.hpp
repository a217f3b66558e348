// SPDX-License-Identifier: Apache-2.0
// The options of `scheduler.force`. They stand here because no service runs such a scheduler: the command
// line forces builds, and the pages show the button.
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
