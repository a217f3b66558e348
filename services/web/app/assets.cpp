// SPDX-License-Identifier: Apache-2.0
#include "web/app/assets.hpp"

#include <map>
#include <string>
#include <string_view>

#include "embedded/file.hpp"

namespace headrace::web {

extern const std::span<const embedded::File> kUiFiles;  // ui/*

namespace {

std::string_view type_of(std::string_view name) {
  static const std::map<std::string_view, std::string_view> types{{"html", "text/html; charset=utf-8"},
                                                                  {"js", "text/javascript; charset=utf-8"},
                                                                  {"css", "text/css; charset=utf-8"},
                                                                  {"svg", "image/svg+xml"}};
  const auto it = types.find(name.substr(name.rfind('.') + 1));
  return it == types.end() ? "application/octet-stream" : it->second;
}

// FNV-1a of the bytes: another text gets another tag.
std::string etag_of(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return "\"" + std::to_string(hash) + "\"";
}

}  // namespace

std::optional<http::Response> answer_asset(const http::Request& request) {
  const std::string_view name = request.path == "/" ? "index.html" : std::string_view(request.path).substr(1);
  for (const embedded::File& file : kUiFiles) {
    if (file.name != name) continue;
    http::Response r;
    const std::string etag = etag_of(file.bytes);
    r.content_type = type_of(name);
    // no-cache: the browser keeps the file and asks each time whether it has changed. An upgrade of
    // headrace-web shows at the next reload.
    r.headers = {{"ETag", etag}, {"Cache-Control", "no-cache"}, {"X-Content-Type-Options", "nosniff"}};
    if (name.ends_with(".html"))
      r.headers.emplace_back(
          "Content-Security-Policy",
          "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'self'");
    if (request.header("If-None-Match").find(etag) != std::string_view::npos)
      r.status = 304;
    else
      r.body = file.bytes;
    return r;
  }
  return std::nullopt;
}

}  // namespace headrace::web
