// SPDX-License-Identifier: Apache-2.0
// reporter.mail: a mail, handed to a relay by SMTP.
#include "notifier/reporters/mail/answer.hpp"
#include "notifier/reporters/mail/mail_report.hpp"
#include "notifier/reporters/mail/options.hpp"
#include "notifier/reporters/reporter_kind.hpp"

namespace headrace::notifier {

Delivery judge_mail(const http::Reply& reply) {
  if (reply.error.empty()) return {Verdict::delivered, reply.body};
  if (reply.status >= 550 && reply.status <= 559) return {Verdict::hopeless, reply.error};
  if (reply.status >= 430 && reply.status <= 499) return {Verdict::refused, reply.error};
  return {Verdict::away, reply.error};
}

namespace {

class MailSender final : public Sender {
 public:
  MailSender(MailOptions options, Transport& transport)
      : options_(std::move(options)), transport_(transport) {}

  void send(const Message& message, std::function<void(Delivery)> done) override {
    http::Mail mail;
    mail.relay = options_.relay;
    mail.user = options_.smtp_user;
    mail.password = options_.smtp_password;
    mail.require_tls = options_.use_tls;
    mail.from = message.from;
    mail.to = message.to;
    mail.message = message.text;
    transport_.send(std::move(mail), [done = std::move(done)](const http::Reply& r) { done(judge_mail(r)); });
  }

 private:
  MailOptions options_;
  Transport& transport_;
};

Composer composer(const config::Reporter& reporter) {
  return [&reporter, options = reporter.options.as<MailOptions>()](auto& configuration, const auto& report,
                                                                   auto& complaints) {
    return mail_report(configuration, reporter, options, report, complaints);
  };
}

std::unique_ptr<Sender> sender(const config::Options& options, Transport& transport) {
  return std::make_unique<MailSender>(options.as<MailOptions>(), transport);
}

std::string receiver(const config::Options& options) {
  const auto mail = options.as<MailOptions>();
  return json::write(json::Array{mail.relay, mail.smtp_user, mail.smtp_password, mail.use_tls});
}

}  // namespace

extern const ReporterKind mail_reporter_kind;
const ReporterKind mail_reporter_kind{
    .name = "mail", .composer = composer, .sender = sender, .receiver = receiver};

}  // namespace headrace::notifier
