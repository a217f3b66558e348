// SPDX-License-Identifier: Apache-2.0
// The files of one version of the configuration, read from disk or from one value of the store.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "result/result.hpp"

namespace headrace::config {

/// Path relative to the configuration's folder → text. `main` is the entry.
struct Files {
  std::string main;  ///< "headrace.lua"
  std::map<std::string, std::string> texts;
  std::map<std::string, std::string> unreadable;  ///< path → reason, told where the path is included
};

/// Reads `path`, and every file that it includes or loads, from disk. Errors: `path` itself cannot be read.
[[nodiscard]] Result<Files> read_files(const std::string& path);

/// The files as MessagePack, as the store keeps them, and back.
std::string pack(const Files& files);
[[nodiscard]] Result<Files> unpack(std::string_view bytes);

}  // namespace headrace::config
