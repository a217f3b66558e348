// SPDX-License-Identifier: Apache-2.0
// The types that the rows of the vocabulary name. A type is one entry of one table: its name, a description
// of what people write, and its check. The description is the text of the type's row in
// docs/configuration.md; a test compares the two. The tables stand in types_plain.cpp (values that are known
// at once), types_text.cpp (texts of a certain form, and lists of them), types_names.cpp (names of
// declarations) and types_build.cpp (values that may be known only in a build).
#pragma once

#include <span>
#include <string_view>

#include "config/given.hpp"

namespace headrace::config {

struct Type {
  std::string_view name;
  std::string_view written;
  Checked (*check)(const Given& given);
};

std::span<const Type> plain_types();
std::span<const Type> text_types();
std::span<const Type> name_types();
std::span<const Type> build_types();

/// Finds the type called `name`; "one of a, b" is the type "one of". Null when there is no such type.
const Type* find_type(std::string_view name);

// Checks that other types use, too.
Checked check_string(const Given& given);
Checked check_regexes(const Given& given);
Checked check_one_of(const Given& given);
/// Data without values that are known only in a build.
Checked check_plain_data(const Given& given);

}  // namespace headrace::config
