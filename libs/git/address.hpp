// SPDX-License-Identifier: Apache-2.0
// Addresses of repositories as people may see them. An address can carry a password or a token
// (https://user:token@host/…): git gets it whole; logs, pages, mails and the changes of a poller get it
// without.
#pragma once

#include <string>
#include <string_view>

namespace headrace::git {

/// Takes the names and passwords out of every address in a text, which may be one address or what git said.
/// Of http, https and ftp all before the @ goes, because a token may stand as the name; else what follows the
/// colon: ssh://git@host keeps its name, which belongs to the address.
std::string without_passwords(std::string_view text);

/// The same for output that comes in pieces: a word that may go on is held back until its end has come.
class PasswordFilter {
 public:
  /// @return what is complete, of this piece and of the one before
  std::string add(std::string_view piece);
  /// @return what was held back
  std::string rest();

 private:
  std::string held_;
};

}  // namespace headrace::git
