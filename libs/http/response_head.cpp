// SPDX-License-Identifier: Apache-2.0
#include "http/response_head.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>

namespace headrace::http {
namespace {

const char* reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Payload Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 422:
      return "Unprocessable Entity";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

// The date changes once a second; making it costs more than the rest of the head.
const std::string& http_date() {
  thread_local std::time_t made_at = 0;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != made_at) {
    std::tm tm{};
    gmtime_r(&now, &tm);
    std::array<char, 64> buffer{};
    text.assign(buffer.data(), std::strftime(buffer.data(), buffer.size(), "%a, %d %b %Y %H:%M:%S GMT", &tm));
    made_at = now;
  }
  return text;
}

void add(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ");
  const auto start = head.size();
  head.append(value);
  std::replace_if(
      head.begin() + static_cast<std::ptrdiff_t>(start), head.end(),
      [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
  head.append("\r\n");
}

bool has(const Response& response, std::string_view name) {
  return std::any_of(response.headers.begin(), response.headers.end(), [&](const auto& header) {
    return std::equal(header.first.begin(), header.first.end(), name.begin(), name.end(),
                      [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
  });
}

// What is sent here is data unless its handler says otherwise: no browser guesses another type for it, and
// none runs what is in it.
void add_protection(std::string& head, const Response& response) {
  if (!has(response, "X-Content-Type-Options")) add(head, "X-Content-Type-Options", "nosniff");
  if (!has(response, "Content-Security-Policy"))
    add(head, "Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'");
}

}  // namespace

bool bodiless(int status) { return status < 200 || status == 204 || status == 304; }

std::string response_head(const Response& response, Framing framing, std::size_t length, int version,
                          bool keep_alive) {
  std::string head;
  head.reserve(384);
  head.append(version == 10 ? "HTTP/1.0 " : "HTTP/1.1 ");
  head.append(std::to_string(response.status)).append(" ").append(reason(response.status)).append("\r\n");
  add(head, "Date", http_date());
  const bool has_body = !bodiless(response.status);
  if (has_body && !response.content_type.empty()) add(head, "Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) add(head, name, value);
  add_protection(head, response);
  if (has_body && framing == Framing::length) add(head, "Content-Length", std::to_string(length));
  if (has_body && framing == Framing::chunked) add(head, "Transfer-Encoding", "chunked");
  if (!keep_alive) add(head, "Connection", "close");
  if (keep_alive && version == 10) add(head, "Connection", "keep-alive");
  head.append("\r\n");
  return head;
}

}  // namespace headrace::http
