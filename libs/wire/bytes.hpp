// SPDX-License-Identifier: Apache-2.0
// A member of a message that is bytes and no text, so that other languages do not decode it.
#pragma once

#include <string>
#include <utility>

namespace headrace::wire {

/// Packed as MessagePack's bin; read from bin or str. It is a std::string to everybody but the codec.
struct Bytes : std::string {
  using std::string::string;
  Bytes(std::string bytes) : std::string(std::move(bytes)) {}  // not explicit: encoders give strings
};

}  // namespace headrace::wire
