// SPDX-License-Identifier: Apache-2.0
#include "worker/core/python_words.hpp"

#include <cstdio>

#include "render/python_text.hpp"

namespace headrace::worker {

std::string python_list(const std::vector<std::string>& argv) {
  return render::python_repr(json::Array(argv.begin(), argv.end()));
}

std::string seconds_text(milliseconds t) {
  if (t.count() % 1000 == 0) return std::to_string(t.count() / 1000);
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%g", static_cast<double>(t.count()) / 1000);
  return buffer;
}

std::string_view seconds_unit(milliseconds t) { return t == 1s ? "sec" : "secs"; }

}  // namespace headrace::worker
