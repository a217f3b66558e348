// SPDX-License-Identifier: Apache-2.0
// The chunks of a log, wherever they are: in Redis while the build runs, in the log store afterwards.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "logstore/log_file.hpp"
#include "store/client.hpp"
#include "wire/records.hpp"

namespace headrace::cli {

class LogText {
 public:
  /// @param directory  of the log store, DATA/logs
  LogText(store::BlockingClient& store, std::filesystem::path directory)
      : store_(store), directory_(std::move(directory)) {}

  /// The framed text of chunk `number`, from 0; nothing when the log has not so many (yet).
  /// Throws for a damaged log.
  std::optional<std::string> chunk(const logstore::LogId& key, const wire::LogRecord& log,
                                   std::size_t number);

 private:
  std::optional<std::string> stored(const logstore::LogId& key, const wire::LogRecord& log,
                                    std::size_t number);

  store::BlockingClient& store_;
  std::filesystem::path directory_;
};

}  // namespace headrace::cli
