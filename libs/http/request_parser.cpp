// SPDX-License-Identifier: Apache-2.0
// Beast asserts that five bytes are there when it looks at the last chunk a second time; a peer may have sent
// three. A build with assertions would end here, and nothing follows from fewer: all reads are bounded.
#define BOOST_DISABLE_ASSERTS

#include "http/request_parser.hpp"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

namespace headrace::http {
namespace beast = boost::beast;
using beast::error_code;

namespace {

// "http://host/x?y" (the form for proxies) → "/x?y".
std::string_view origin_form(std::string_view target) {
  const auto scheme = target.find("://");
  if (target.empty() || target[0] == '/' || scheme == std::string_view::npos) return target;
  const auto slash = target.find('/', scheme + 3);
  return slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
}

bool is_chunked(beast::string_view coding) { return beast::iequals(coding, "chunked"); }

}  // namespace

// Fills the request directly; Beast's own message type would hold everything a second time.
class RequestParser::Impl : public beast::http::basic_parser<true> {
 public:
  explicit Impl(const ServerOptions& options) {
    eager(true);
    header_limit(static_cast<std::uint32_t>(options.max_header_bytes));
    body_limit(options.max_body_bytes);
  }

  Request request;
  Refusal refusal;
  int http_version = 11;
  bool header_complete = false;
  bool coded = false;  ///< a Transfer-Encoding was seen

 private:
  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                       error_code&) override {
    request.method.assign(method.data(), method.size());
    request.target.assign(target.data(), target.size());
    http_version = version;
    const auto origin = origin_form(request.target);
    const auto question = std::min(origin.find('?'), origin.size());
    request.path = percent_decode(origin.substr(0, question), false);
    auto query = origin.substr(std::min(question + 1, origin.size()));
    request.query = parse_form(query.substr(0, query.find('#')));
  }
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
  void on_field_impl(beast::http::field field, beast::string_view name, beast::string_view value,
                     error_code& error) override {
    if (header_complete) return;  // a trailer after a chunked body
    // Beast takes a body of any other coding for none. A proxy that knows the coding sees one request where
    // this server would see two.
    if (field == beast::http::field::transfer_encoding &&
        (!is_chunked(value) || coded || http_version < 11)) {
      refusal = {400, "the transfer coding is not understood here, only chunked is"};
      error = beast::http::error::bad_transfer_encoding;
    }
    coded |= field == beast::http::field::transfer_encoding;
    request.headers.emplace_back(std::string(name), std::string(value));
  }
  void on_header_impl(error_code&) override { header_complete = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    // Not all of a declared length: it costs the sender nothing to declare one.
    constexpr std::uint64_t kReserve = 1u << 20;
    if (length) request.body.reserve(static_cast<std::size_t>(std::min(*length, kReserve)));
  }
  std::size_t on_body_impl(beast::string_view bytes, error_code&) override {
    request.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, error_code&) override {
    request.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_finish_impl(error_code&) override {}
};

RequestParser::RequestParser(const ServerOptions& options) : impl_(std::make_unique<Impl>(options)) {}
RequestParser::~RequestParser() = default;

std::size_t RequestParser::feed(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !impl_->is_done() && impl_->refusal.status == 0) {
    error_code error;
    const auto n = impl_->put(boost::asio::const_buffer(bytes.data() + taken, bytes.size() - taken), error);
    taken += n;
    if (error == beast::http::error::need_more) break;
    if (impl_->refusal.status != 0) break;
    if (error == beast::http::error::body_limit) {
      impl_->refusal = {413, "the body is larger than this server takes"};
    } else if (error == beast::http::error::header_limit) {
      impl_->refusal = {431, "the header is larger than this server takes"};
    } else if (error) {
      impl_->refusal = {400, "not an HTTP request: " + error.message()};
    } else if (n == 0) {
      break;
    }
  }
  return taken;
}

const RequestParser::Refusal& RequestParser::refusal() const { return impl_->refusal; }
bool RequestParser::header_done() const { return impl_->header_complete; }
std::size_t RequestParser::body_bytes() const { return impl_->request.body.size(); }
bool RequestParser::done() const { return impl_->is_done(); }
bool RequestParser::expects_continue() const {
  auto value = std::string(impl_->request.header("Expect"));
  std::transform(value.begin(), value.end(), value.begin(), [](unsigned char c) { return std::tolower(c); });
  return value == "100-continue" && impl_->http_version >= 11;
}
bool RequestParser::keep_alive() const { return impl_->keep_alive(); }
int RequestParser::version() const { return impl_->http_version; }
Request RequestParser::take() { return std::move(impl_->request); }

}  // namespace headrace::http
