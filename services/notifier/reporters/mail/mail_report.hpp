// SPDX-License-Identifier: Apache-2.0
// A report as a mail.
#pragma once

#include <optional>

#include "config/configuration.hpp"
#include "notifier/build_report.hpp"
#include "notifier/message.hpp"
#include "notifier/reporters/mail/options.hpp"

namespace headrace::notifier {

/// The mail, written out; nothing when nobody is to get it.
/// Its Message-ID is made of reporter, build and site, so it is the same however often the mail is sent.
/// A `subject` or `body` that fails does not stop the mail: it goes with the default text and says what
/// failed.
/// @param complaints  sentences for the log are appended
std::optional<Message> mail_report(config::Configuration& configuration, const config::Reporter& reporter,
                                   const MailOptions& options, const BuildReport& report,
                                   std::vector<std::string>& complaints);

}  // namespace headrace::notifier
