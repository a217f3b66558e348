// SPDX-License-Identifier: Apache-2.0
#include "notifier/delivery.hpp"

#include <algorithm>

#include "json/value.hpp"
#include "notifier/reporters/http.hpp"
#include "notifier/reporters/mail.hpp"

namespace headrace::notifier {
namespace {

constexpr std::size_t kMostOfAnswer = 300;
constexpr seconds kMostRetryAfter{24 * 3600};

// The beginning of an answer, for the log: one line.
std::string excerpt(const std::string& body) {
  std::string text = json::valid_utf8(body.substr(0, kMostOfAnswer));
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

}  // namespace

Outcome judge_mail(const http::Reply& reply) {
  if (reply.error.empty()) return {Verdict::delivered, reply.body};
  if (reply.status >= 550 && reply.status <= 559) return {Verdict::hopeless, reply.error};
  if (reply.status >= 430 && reply.status <= 499) return {Verdict::refused, reply.error};
  return {Verdict::away, reply.error};
}

Outcome judge_http(const http::Reply& reply) {
  if (!reply.error.empty()) return {Verdict::away, reply.error};
  if (reply.status >= 200 && reply.status <= 299) return {};
  Outcome out;
  const bool busy = reply.status == 408 || reply.status == 425 || reply.status == 429 || reply.status >= 500;
  out.verdict = busy ? Verdict::away : Verdict::refused;
  out.reason =
      "HTTP status " + std::to_string(reply.status) + (reply.body.empty() ? "" : ": " + excerpt(reply.body));
  out.retry_after = std::clamp(reply.retry_after, seconds(0), kMostRetryAfter);
  return out;
}

std::chrono::hours patience(Verdict verdict) {
  return std::chrono::hours(verdict == Verdict::refused ? 24 : 5 * 24);
}

milliseconds backoff(std::int64_t failures, double random) {
  constexpr double kMost = 300'000;
  double ms = 1000;
  for (std::int64_t i = 1; i < failures && ms < kMost; ++i) ms *= 2;
  return milliseconds(static_cast<std::int64_t>(std::min(ms, kMost) * (0.8 + 0.4 * random)));
}

void deliver(http::Client& client, const config::Reporter& reporter, const Message& message,
             std::function<void(Outcome)> done) {
  if (message.kind == "mail" && reporter.kind == "mail") {
    const auto options = reporter.options.as<MailOptions>();
    http::Mail mail;
    mail.relay = options.relay;
    mail.user = options.smtp_user;
    mail.password = options.smtp_password;
    mail.require_tls = options.use_tls;
    mail.from = message.from;
    mail.to = message.to;
    mail.message = message.text;
    client.send(std::move(mail), [done](http::Reply reply) { done(judge_mail(reply)); });
  } else if (message.kind == "http" && reporter.kind == "http") {
    const auto options = reporter.options.as<HttpOptions>();
    http::Call call;
    call.method = "POST";
    call.url = options.server_url;
    call.user = options.user();
    call.password = options.password();
    call.headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", message.key}};
    call.headers.insert(call.headers.end(), options.headers.begin(), options.headers.end());
    call.body = message.text;
    client.send(std::move(call), [done](http::Reply reply) { done(judge_http(reply)); });
  } else {
    done({Verdict::hopeless,
          "the reporter sends " + reporter.kind + " now, the message is of kind " + message.kind});
  }
}

}  // namespace headrace::notifier
