// SPDX-License-Identifier: Apache-2.0
// What a handler holds of a connection: the right to answer its request once.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "http/server.hpp"

namespace headrace::http {

class Connection;

/// The Responder of the request that `connection` has just read. It and its Stream keep the connection alive.
std::shared_ptr<Responder> make_responder(boost::asio::io_context& io,
                                          std::shared_ptr<Connection> connection);

}  // namespace headrace::http
