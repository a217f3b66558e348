// SPDX-License-Identifier: Apache-2.0
// The right to answer one request of a connection once: what the connection gives to its handler.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "http/server.hpp"

namespace headrace::http {

class Connection;

/// The Responder of the request that `connection` has just read. The responder, and the stream that it gives,
/// share the connection and keep it alive.
ResponderPtr make_responder(boost::asio::io_context& io, std::shared_ptr<Connection> connection);

}  // namespace headrace::http
