// SPDX-License-Identifier: Apache-2.0
// A JSON payload read field by field, without a check after each: the first thing that is missing or of the
// wrong kind is kept, and asked for once at the end.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "changesource/hooks/outcome.hpp"
#include "json/value.hpp"

namespace headrace::changesource::hooks {

class Payload {
 public:
  /// `root` must outlive this.
  explicit Payload(const json::Value& root) : root_(root) {}

  /// The value at "a.b.c", which may be null but must be there.
  const json::Value& need(std::string_view path);
  /// Text that must be there. Null and numbers are refused: these become names of branches and revisions.
  std::string text(std::string_view path);
  /// What Python's f"{value}" gives, as Buildbot builds its sentences: None for null, digits for numbers.
  std::string printed(std::string_view path);
  /// A time in one of the forges' forms, milliseconds since the epoch.
  std::int64_t time_ms(std::string_view path);
  /// Text or null; missing is null.
  std::optional<std::string> optional_text(std::string_view path) const;
  /// The elements of a list of texts, appended to `out`; a missing list is empty.
  void append_texts(std::string_view path, std::vector<std::string>& out);

  void complain(std::string problem);
  /// What was wrong first; empty when nothing was.
  const std::string& problem() const { return problem_; }

 private:
  const json::Value& root_;
  std::string problem_;
};

/// "NAME <EMAIL>" from the object at `path`.
std::string person(Payload& payload, const std::string& path);

}  // namespace headrace::changesource::hooks
