// SPDX-License-Identifier: Apache-2.0
// Binding one ZeroMQ socket to unix sockets and to the network: the network always with CURVE.
#pragma once

#include <string>
#include <vector>

#include "bus/socket.hpp"

namespace headrace::service {

/// "ipc:///run/x,tcp://0.0.0.0:9802" → its parts, blanks dropped.
std::vector<std::string> split_endpoints(const std::string& text);

/// Binds every endpoint. Unix sockets come first and stay without CURVE (the directory's mode protects
/// them) unless `always_secure`; options of a ZeroMQ socket count from the next bind on.
/// @param domain  for the ZAP handler
void bind_all(bus::Socket& socket, const std::vector<std::string>& endpoints, const bus::KeyPair& own,
              const std::string& domain, bool always_secure = false);

}  // namespace headrace::service
