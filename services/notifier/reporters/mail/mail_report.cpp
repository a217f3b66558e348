// SPDX-License-Identifier: Apache-2.0
#include "notifier/reporters/mail/mail_report.hpp"

#include <algorithm>

#include "notifier/report_text.hpp"
#include "notifier/reporters/mail/address.hpp"
#include "notifier/reporters/mail/mime.hpp"
#include "notifier/reporters/mail/options.hpp"
#include "render/render.hpp"

namespace headrace::notifier {
namespace {

// What may stand in a Message-ID; the rest is written as "=XX".
std::string id_part(const std::string& text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char ch : text) {
    const auto c = static_cast<unsigned char>(ch);
    if (std::isalnum(c) || c == '-' || c == '_') {
      out += ch;
    } else {
      out += '=';
      out += kHex[c >> 4];
      out += kHex[c & 15];
    }
  }
  return out;
}

// "https://user@ci.acme.org:8010/x" → "ci.acme.org".
std::string host_of(const std::string& url) {
  auto host = url.substr(url.find("://") == std::string::npos ? 0 : url.find("://") + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const auto at = host.rfind('@'); at != std::string::npos) host.erase(0, at + 1);
  if (!host.starts_with('[')) host = host.substr(0, host.find(':'));
  std::erase_if(host, [](unsigned char c) { return !std::isalnum(c) && c != '.' && c != '-'; });
  return host.empty() ? "headrace" : host;
}

// The text that function `id` gives; the default and a complaint when it gives none.
std::string text_of(config::Configuration& configuration, const char* what, config::FunctionId id,
                    const json::Value& argument, std::string otherwise, std::vector<std::string>& mistakes) {
  const auto answer = configuration.call(id, argument);
  if (answer && answer->is_string()) return answer->as_string();
  mistakes.push_back(
      "the " + std::string(what) + " function " +
      (answer ? "gave " + json::write(*answer) + ", expected a string" : "failed: " + answer.error().text));
  return otherwise;
}

}  // namespace

std::optional<Message> mail_report(config::Configuration& configuration, const config::Reporter& reporter,
                                   const MailOptions& options, const BuildReport& report,
                                   std::vector<std::string>& complaints) {
  const auto who = recipients(options, report);
  if (who.empty()) return std::nullopt;
  const auto from = parse_address(options.from);
  if (!from) {
    complaints.push_back("from: '" + options.from + "' is no mail address");
    return std::nullopt;
  }

  const auto& site = configuration.site();
  std::vector<std::string> mistakes;
  json::Value argument;
  if (options.subject.function || options.body) argument = report_argument(site, reporter, report);

  MailText mail;
  mail.subject = default_subject(site, reporter, report);
  if (options.subject.function) {
    mail.subject =
        text_of(configuration, "subject", options.subject.function, argument, mail.subject, mistakes);
  } else if (!options.subject.text.empty()) {
    render::Context context;
    context.properties = &report.build.properties;
    context.sourcestamps = &report.build.sourcestamps;
    auto subject = render::interpolate(options.subject.text, context);
    if (subject)
      mail.subject = std::move(*subject);
    else
      mistakes.push_back("subject: " + subject.error().text);
  }
  mail.body = default_body(site, reporter, report);
  if (options.body) mail.body = text_of(configuration, "body", options.body, argument, mail.body, mistakes);
  for (const auto& mistake : mistakes) {
    mail.body += "\n(" + mistake + ")\n";
    complaints.push_back(mistake);
  }

  mail.from = *from;
  mail.to = who.to;
  mail.cc = who.cc;
  mail.date_ms = report.at_ms;
  mail.message_id =
      "<headrace." + id_part(reporter.name) + "." + report_id(report) + "@" + host_of(site.url) + ">";
  mail.headers.emplace_back("Auto-Submitted", "auto-generated");  // RFC 3834: no holiday replies
  mail.headers.insert(mail.headers.end(), options.extra_headers.begin(), options.extra_headers.end());

  Message message;
  message.key = "build-" + report_id(report) + "-mail";
  message.kind = "mail";
  message.at_ms = report.at_ms;
  message.from = from->mail;
  for (const auto* list : {&who.to, &who.cc})
    for (const auto& address : *list) message.to.push_back(address.mail);
  message.text = write_mail(mail);
  return message;
}

}  // namespace headrace::notifier
