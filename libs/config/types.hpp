// SPDX-License-Identifier: Apache-2.0
// The types that the rows of the vocabulary name. A type is one entry of one table: its name, what people
// write (the text of its row in docs/configuration.md, which a test compares), and its check. The tables
// stand in types_plain.cpp (values that are known at once), types_text.cpp (texts of a certain form and lists
// of them), types_names.cpp (names of what is declared) and types_build.cpp (what may be known in a build
// only).
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

/// The type called `name`; "one of a, b" is the type "one of". Null when there is none.
const Type* find_type(std::string_view name);

// Checks that other types are made of, too.
Checked check_string(const Given& given);
Checked check_regexes(const Given& given);
Checked check_one_of(const Given& given);
/// Data without anything that is known in a build only.
Checked check_plain_data(const Given& given);

}  // namespace headrace::config
