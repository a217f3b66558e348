// SPDX-License-Identifier: Apache-2.0
// The page's files, embedded in the binary.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/server.hpp"

namespace headrace::web {

/// An embedded file, as CMake put it there (embed.cmake).
struct Asset {
  std::string_view name;  ///< "index.html"
  std::string_view bytes;
};
extern const Asset kAssets[];
extern const std::size_t kAssetCount;

/// The answer for a path of the page ("/", "/headrace.js" …): 200, or 304 when the client has it already.
/// Nothing: no such file.
std::optional<http::Response> answer_asset(const http::Request& request);

}  // namespace headrace::web
