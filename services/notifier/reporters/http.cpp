// SPDX-License-Identifier: Apache-2.0
// reporter.http: a JSON document, posted to a server.
#include <algorithm>

#include "notifier/reporters/http/answer.hpp"
#include "notifier/reporters/http/http_report.hpp"
#include "notifier/reporters/http/options.hpp"
#include "notifier/reporters/reporter_kind.hpp"

namespace headrace::notifier {
namespace {

constexpr std::size_t kMaxExcerpt = 300;
constexpr seconds kMaxRetryAfter{24 * 3600};

// The beginning of an answer, for the process log: one line.
std::string excerpt(const std::string& body) {
  std::string text = json::valid_utf8(body.substr(0, kMaxExcerpt));
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

}  // namespace

Delivery judge_http(const http::Reply& reply) {
  if (!reply.error.empty()) return {Verdict::away, reply.error};
  if (reply.status >= 200 && reply.status <= 299) return {};
  Delivery out;
  const bool busy = reply.status == 408 || reply.status == 425 || reply.status == 429 || reply.status >= 500;
  out.verdict = busy ? Verdict::away : Verdict::refused;
  out.reason =
      "HTTP status " + std::to_string(reply.status) + (reply.body.empty() ? "" : ": " + excerpt(reply.body));
  out.retry_after = std::clamp(reply.retry_after, seconds(0), kMaxRetryAfter);
  return out;
}

namespace {

class HttpSender final : public Sender {
 public:
  HttpSender(HttpOptions options, Transport& transport)
      : options_(std::move(options)), transport_(transport) {}

  void send(const Message& message, std::function<void(Delivery)> done) override {
    http::Call call;
    call.method = "POST";
    call.url = options_.server_url;
    call.user = options_.user();
    call.password = options_.password();
    call.headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", message.key}};
    call.headers.insert(call.headers.end(), options_.headers.begin(), options_.headers.end());
    call.body = message.text;
    transport_.send(std::move(call), [done = std::move(done)](const http::Reply& r) { done(judge_http(r)); });
  }

 private:
  HttpOptions options_;
  Transport& transport_;
};

Composer composer(const config::Reporter&) {
  return [](config::Configuration& configuration, const BuildReport& report,
            std::vector<std::string>&) -> std::optional<Message> {
    return http_report(configuration.site(), report);
  };
}

std::unique_ptr<Sender> sender(const config::Options& options, Transport& transport) {
  return std::make_unique<HttpSender>(options.as<HttpOptions>(), transport);
}

std::string receiver(const config::Options& options) {
  const auto http = options.as<HttpOptions>();
  json::Array out{http.server_url, http.user(), http.password()};
  for (const auto& [name, value] : http.headers) out.insert(out.end(), {name, value});
  return json::write(out);
}

}  // namespace

extern const ReporterKind http_reporter_kind;
const ReporterKind http_reporter_kind{.name = "http",
                                      .every_end_by_itself = true,
                                      .composer = composer,
                                      .sender = sender,
                                      .receiver = receiver};

}  // namespace headrace::notifier
