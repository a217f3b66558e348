// SPDX-License-Identifier: Apache-2.0
#include "git/address.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace headrace::git {
namespace {

constexpr std::string_view kScheme = "://";
constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kAuthorityEnds = " \t\r\n/?#";  // as git ends it
constexpr std::size_t kMaxHeld = 8192;                     // bytes; a longer word is no address

bool in_scheme(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '-' || c == '.';
}

// "https" of "…of https://…", as far as `end`.
std::string scheme_before(std::string_view text, std::size_t end) {
  std::size_t begin = end;
  while (begin > 0 && in_scheme(text[begin - 1])) --begin;
  std::string scheme(text.substr(begin, end - begin));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return scheme;
}

// What people see of "name:password" before an @; with the @ unless nothing is left.
std::string shown_user(const std::string& scheme, std::string_view user) {
  if (scheme.ends_with("http") || scheme.ends_with("https") || scheme.starts_with("ftp")) return "";
  return std::string(user.substr(0, user.find(':'))) + "@";
}

}  // namespace

std::string without_passwords(std::string_view text) {
  std::string out;
  while (true) {
    const auto at = text.find(kScheme);
    if (at == std::string_view::npos) break;
    const auto begin = at + kScheme.size();
    // The name and password end before the host's first slash; an @ after it is part of a path.
    const auto authority = text.substr(begin, text.substr(begin).find_first_of(kAuthorityEnds));
    const auto user_end = authority.rfind('@');
    out += text.substr(0, begin);
    if (user_end == std::string_view::npos) {
      text.remove_prefix(begin);
    } else {
      out += shown_user(scheme_before(text, at), authority.substr(0, user_end));
      text.remove_prefix(begin + user_end + 1);
    }
  }
  return out.append(text);
}

std::string PasswordFilter::add(std::string_view piece) {
  std::string text = std::exchange(held_, "");
  text += piece;
  const auto space = text.find_last_of(kSpace);
  auto word = text.substr(space == std::string::npos ? 0 : space + 1);
  if (word.size() < kMaxHeld) held_ = std::move(word);
  return without_passwords(std::string_view(text).substr(0, text.size() - held_.size()));
}

std::string PasswordFilter::rest() { return without_passwords(std::exchange(held_, "")); }

}  // namespace headrace::git
