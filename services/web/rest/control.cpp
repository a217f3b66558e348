// SPDX-License-Identifier: Apache-2.0
#include "web/rest/control.hpp"

#include <string>

#include "json/value.hpp"
#include "web/rest/routes.hpp"

namespace headrace::web {
namespace {

// JSON-RPC's numbers, as Buildbot uses them.
constexpr int kParseError = -32700, kInvalidRequest = -32600, kInvalidParams = -32602;

http::Response rpc_error(int status, int code, const std::string& message, const json::Value& id) {
  http::Response r;
  r.status = status;
  r.content_type = "application/json; charset=utf-8";
  r.body = json::write(json::Object{
      {"error", json::Object{{"code", code}, {"message", message}}}, {"id", id}, {"jsonrpc", "2.0"}});
  return r;
}

}  // namespace

http::Response refuse_control(const http::Request& request, std::string_view path) {
  if (request.header("Content-Type").substr(0, 16) != "application/json")
    return rpc_error(400, kInvalidRequest, "Invalid content-type (use application/json)", nullptr);
  const auto body = json::parse(request.body);
  if (!body) return rpc_error(400, kParseError, "JSON parse error: " + body.error().text, nullptr);
  const json::Value& id = (*body)["id"];
  if (!body->is_object()) return rpc_error(400, kInvalidRequest, "a JSON-RPC request is an object", nullptr);
  if ((*body)["jsonrpc"] != json::Value("2.0"))
    return rpc_error(400, kInvalidRequest, "only JSON-RPC 2.0 is supported", id);
  if (!(*body)["method"].is_string()) return rpc_error(400, kInvalidRequest, "'method' must be a string", id);
  if (!id.is_string() && !id.is_number())
    return rpc_error(400, kInvalidRequest, "'id' must be a string or number", id);
  if (!(*body)["params"].is_object()) return rpc_error(400, kInvalidParams, "'params' must be an object", id);
  if (!find_endpoint(path)) return rpc_error(404, kInvalidRequest, "Invalid path: " + std::string(path), id);
  return rpc_error(403, kInvalidRequest,
                   "'" + (*body)["method"].as_string() +
                       "' is not allowed: this server has no access control yet; use the headrace command",
                   id);
}

}  // namespace headrace::web
