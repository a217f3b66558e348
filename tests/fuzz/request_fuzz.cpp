// SPDX-License-Identifier: Apache-2.0
// HTTP requests: a request in pieces is read as the whole one is; targets, queries and forms decode.
#include "fuzz/input.hpp"
#include "http/request_parser.hpp"

namespace headrace::http {
namespace {

struct Parsed {
  int refused = 0;
  bool done = false;
  Request request;
};

// The first request of `bytes`, of which the parser gets `step` more each time.
Parsed parse(std::string_view bytes, std::size_t step) {
  ServerOptions options;
  options.max_body_bytes = 2000;
  options.max_header_bytes = 2000;
  RequestParser parser(options);
  std::size_t taken = 0;
  for (std::size_t end = std::min(step, bytes.size());; end = std::min(end + step, bytes.size())) {
    for (std::size_t more = 1; more > 0 && !parser.done() && parser.refusal().status == 0;) {
      more = parser.feed(bytes.substr(taken, end - taken));
      taken += more;
      fuzz::expect(taken <= end);
    }
    if (parser.refusal().status != 0) return {parser.refusal().status, false, {}};
    if (parser.done()) {
      (void)parser.keep_alive();
      return {0, true, parser.take()};
    }
    if (end == bytes.size()) return {};
  }
}

}  // namespace
}  // namespace headrace::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace::http;
  headrace::fuzz::Input input(data, size);
  const std::size_t step = 1 + input.byte() % 40;
  const auto bytes = input.rest();
  const auto whole = parse(bytes, bytes.size() + 1);
  const auto pieces = parse(bytes, step);
  headrace::fuzz::expect(whole.done == pieces.done);
  if (whole.done) {
    headrace::fuzz::expect(whole.request.target == pieces.request.target &&
                           whole.request.headers == pieces.request.headers &&
                           whole.request.body == pieces.request.body);
    (void)whole.request.header("content-type");
    (void)whole.request.param("limit");
  }
  for (const auto& [name, value] : parse_form(bytes))
    headrace::fuzz::expect(name.size() + value.size() <= bytes.size());
  headrace::fuzz::expect(percent_decode(bytes, false).size() <= bytes.size());
  return 0;
}
