// SPDX-License-Identifier: Apache-2.0
#include "cli/health_text.hpp"

#include "json/value.hpp"

namespace headrace::cli {

std::string health_text(const http::Reply& reply) {
  if (!reply.status) return "does not answer: " + reply.error;
  if (const auto value = json::parse(reply.body); value && value->is_object())
    return reply.status != 200               ? (*value)["reason"].string_or("not healthy")
           : (*value)["failing"].is_object() ? "ok, but see the pollers"
                                             : "ok";
  return reply.body.substr(0, reply.body.find('\n'));
}

}  // namespace headrace::cli
