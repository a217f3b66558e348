// SPDX-License-Identifier: Apache-2.0
// The three ways to read a log over REST: contents (lines as JSON), raw (a file), raw_inline (in the
// browser).
#pragma once

#include <string>
#include <string_view>

#include "web/history/select.hpp"
#include "web/logs/download.hpp"
#include "web/rest/query.hpp"
#include "web/rest/routes.hpp"

namespace headrace::web {

struct LogRequest {
  Ending ending = Ending::contents;
  std::int64_t offset = 0;
  std::int64_t limit = -1;  ///< lines; -1: to the end

  /// Errors: unknown parameter, a number that is none. Only contents has parameters.
  [[nodiscard]] static Result<LogRequest> read(const Endpoint& endpoint, const Parameters& parameters);
};

/// The log that a path means, and the names that a download shows.
struct LogFound {
  LogAddress address;
  std::int64_t logid = 0;
  std::string slug;
  std::string type;  ///< s, t, h
  std::string step_name;
  std::int64_t build_number = 0;
  std::string builder_name;
  std::string worker_name;
};

/// Blocks: for a reader's thread. Errors: there is no such log.
[[nodiscard]] Result<LogFound> find_log(Database& db, const Scope& scope);

/// What to send. As in Buildbot, lines of a stream log have their channel's letter in contents; raw has
/// none, and begins with the names of builder and worker and the build's number.
Download make_download(const LogRequest& wanted, const LogFound& log, std::string_view accept);

}  // namespace headrace::web
