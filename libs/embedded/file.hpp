// SPDX-License-Identifier: Apache-2.0
// The files that CMake compiles into a program (headrace_embed in cmake/headrace.cmake): the page, the Redis
// functions, the vocabulary. The user of such a table declares it:
// `extern const std::span<const embedded::File> kFiles;`
#pragma once

#include <span>
#include <string_view>

namespace headrace::embedded {

struct File {
  std::string_view name;  ///< without its folders: "index.html"
  std::string_view bytes;
};

}  // namespace headrace::embedded
