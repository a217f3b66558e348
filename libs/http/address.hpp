// SPDX-License-Identifier: Apache-2.0
// Listening addresses as people write them, and as the system wants them.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <string>

#include "result/result.hpp"

namespace headrace::http {

using Endpoint = boost::asio::generic::stream_protocol::endpoint;

/// "127.0.0.1:8010", "[::1]:0", ":8010" (every interface), "name:80" or "unix:/path" as an endpoint.
/// Errors name the address and what is wrong with it.
[[nodiscard]] Result<Endpoint> parse_address(const std::string& address);

/// The way back: "127.0.0.1:8010", "[::1]:8010", "unix:/path".
std::string address_text(const Endpoint& endpoint);
/// Only the host: "127.0.0.1", "::1"; "" for a unix socket.
std::string host_text(const Endpoint& endpoint);

}  // namespace headrace::http
