// SPDX-License-Identifier: Apache-2.0
// Logs of finished builds, from the files of the log store.
#pragma once

#include <filesystem>
#include <list>
#include <memory>

#include "logstore/log_file.hpp"
#include "web/logs/log_source.hpp"
#include "web/logs/pool.hpp"

namespace headrace::web {

class FileLogSource : public LogSource {
 public:
  FileLogSource(Pool& pool, std::filesystem::path store) : pool_(pool), store_(std::move(store)) {}
  void read(const LogAddress& log, std::int64_t line, Answer answer) override;

 private:
  // Open files, the one used last first: a client that reads on does not cause another read of the index.
  // Used on the pool's thread only.
  struct Open {
    std::filesystem::path path;  ///< that the log of this very build has, or should have
    logstore::Reader reader;
  };
  Result<LogSlice> slice(const LogAddress& log, std::int64_t line);

  Pool& pool_;
  std::filesystem::path store_;
  std::list<Open> open_;
};

}  // namespace headrace::web
