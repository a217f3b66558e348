// SPDX-License-Identifier: Apache-2.0
// Mail addresses: what people wrote into commits and configurations, and who gets a mail about a build.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "notifier/build_report.hpp"
#include "notifier/reporters/mail/options.hpp"

namespace headrace::notifier {

struct Address {
  std::string name;  ///< UTF-8, for people; may be empty
  std::string mail;  ///< "ann@example.org": ASCII, without blanks, brackets or control characters
  bool operator==(const Address&) const = default;
};

/// "ann@example.org", "Ann Lee <ann@example.org>", "<ann@example.org>", "\"Lee, Ann\" <ann@example.org>".
/// Nothing when there is no valid address in it.
std::optional<Address> parse_address(std::string_view text);

/// The same for a user of a version control system, more forgiving as in Buildbot: without an "@" the
/// `lookup` domain is appended (when not empty); "Ann <ann@example.org>@example.org", as git-svn makes them,
/// loses its end. The domain needs a dot: "ann@laptop" is no address.
std::optional<Address> address_of_user(const std::string& user, const std::string& lookup);

/// Authors of the build's changes and its owners (properties `owner`, `owners`), sorted, each once.
std::vector<std::string> interested_users(const BuildReport& report);

struct Recipients {
  std::vector<Address> to, cc;
  bool empty() const { return to.empty() && cc.empty(); }
};
/// As Buildbot: the interested users in To and the configured ones in Cc, or the configured ones in To when
/// there is no interested one. Who has no valid address is left out; nobody is in it twice.
Recipients recipients(const MailOptions& mail, const BuildReport& report);

}  // namespace headrace::notifier
