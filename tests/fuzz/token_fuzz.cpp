// SPDX-License-Identifier: Apache-2.0
// Join tokens: what is accepted is written back alike.
#include "fuzz/input.hpp"
#include "token/token.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto* kind : {"worker", "subscriber"}) {
    const auto token = token::decode(text, kind);
    if (!token) continue;
    const auto again = token::decode(token::encode(*token), kind);
    fuzz::expect(again && *again == *token);
  }
  return 0;
}
