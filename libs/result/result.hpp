// SPDX-License-Identifier: Apache-2.0
// The answer of a function that can say no on an ordinary day: a value, or a sentence why not.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace headrace {

/// Why something was refused, in words for a person: the offending value and what was expected.
struct Error {
  std::string text;
};

template <class T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(std::string text) {
  return tl::unexpected<Error>(Error{std::move(text)});
}

}  // namespace headrace
