// SPDX-License-Identifier: Apache-2.0
// The one line that `headrace worker add` and `headrace subscriber add` print and that is pasted on the
// other machine: where to connect, whom to trust, and with which key.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "result/result.hpp"

namespace headrace::token {

struct Token {
  std::string kind;                 ///< "worker" or "subscriber"
  std::string name;                 ///< for people: the identity is the key
  std::vector<std::string> server;  ///< ZeroMQ endpoints, tried in turn: "tcp://ci.example.org:9801"
  std::string server_key;           ///< the server's CURVE public key, Z85 of 40 characters; "" : no CURVE
  std::string public_key;           ///< Z85, of this client; "" only without CURVE
  std::string secret_key;           ///< Z85

  bool operator==(const Token&) const = default;
};

/// base64url without padding of the MessagePack map {v: 1, kind, name, server, server_key, public_key,
/// secret_key}: one word without blanks or quotes.
std::string encode(const Token& token);

/// White space around the token is ignored.
/// Errors: no base64url, truncated, another version, another kind than `kind`, no endpoint, a key that is
/// not 40 characters of Z85. The texts never contain the secret.
[[nodiscard]] Result<Token> decode(std::string_view text, std::string_view kind);

}  // namespace headrace::token
