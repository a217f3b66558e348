// SPDX-License-Identifier: Apache-2.0
// What comes of a verb: its value, or why nothing was done.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace headrace::control {

struct Problem {
  enum class Kind {
    wrong,    ///< what was asked for cannot be right: a name that is not there, a word of the wrong form
    refused,  ///< it could be right, but is not so now
  };
  Kind kind = Kind::refused;
  std::string text;  ///< names the value
};

template <class T>
using Outcome = tl::expected<T, Problem>;

inline tl::unexpected<Problem> wrong(std::string text) {
  return tl::unexpected(Problem{Problem::Kind::wrong, std::move(text)});
}
inline tl::unexpected<Problem> refused(std::string text) {
  return tl::unexpected(Problem{Problem::Kind::refused, std::move(text)});
}

}  // namespace headrace::control
