// SPDX-License-Identifier: Apache-2.0
#include "notifier/reporters/mail/address.hpp"

#include <algorithm>
#include <set>

namespace headrace::notifier {
namespace {

constexpr std::size_t kMaxAddress = 254;  // RFC 5321, 4.5.3.1

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// A dot-atom of RFC 5322, without quoted local parts: what is quoted there nobody uses, and SMTP's own
// syntax is then safe by construction.
bool is_mail(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos || at == 0 || text.size() > kMaxAddress) return false;
  const auto local = text.substr(0, at), domain = text.substr(at + 1);
  constexpr std::string_view kAtomSpecials = ".!#$%&'*+-/=?^_`{|}~";
  if (!std::all_of(local.begin(), local.end(),
                   [&](char c) { return is_alnum(c) || kAtomSpecials.find(c) != std::string_view::npos; }))
    return false;
  return !domain.empty() && is_alnum(domain.front()) && is_alnum(domain.back()) &&
         domain.find("..") == std::string_view::npos && std::all_of(domain.begin(), domain.end(), [](char c) {
           return is_alnum(c) || c == '-' || c == '.';
         });
}

// The words before "<": without the quotes and backslashes of a quoted string.
std::string display_name(std::string_view text) {
  text = trim(text);
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  std::string out;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

void add_owners(const wire::Build& build, std::string_view property, std::set<std::string>& users) {
  const auto it = build.properties.find(property);
  if (it == build.properties.end()) return;
  const auto& value = it->second.value;
  if (value.is_string()) users.insert(value.as_string());
  if (!value.is_array()) return;
  for (const auto& one : value.as_array())
    if (one.is_string()) users.insert(one.as_string());
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  text = trim(text);
  Address out;
  if (!text.empty() && text.back() == '>') {
    const auto open = text.rfind('<');
    if (open == std::string_view::npos) return std::nullopt;
    out.name = display_name(text.substr(0, open));
    text = trim(text.substr(open + 1, text.size() - open - 2));
  }
  if (!is_mail(text)) return std::nullopt;
  out.mail = text;
  return out;
}

std::optional<Address> address_of_user(const std::string& user, const std::string& lookup) {
  std::string text(trim(user));
  if (std::count(text.begin(), text.end(), '@') > 1) text.erase(text.rfind('@'));
  if (text.find('@') == std::string::npos) {
    if (lookup.empty() || text.empty()) return std::nullopt;
    const bool bracketed = text.back() == '>';  // "Ann <ann>"
    text.insert(bracketed ? text.size() - 1 : text.size(), "@" + lookup);
  }
  auto address = parse_address(text);
  if (address && address->mail.find('.', address->mail.find('@')) == std::string::npos) return std::nullopt;
  return address;
}

std::vector<std::string> interested_users(const BuildReport& report) {
  std::set<std::string> users;
  for (const auto& change : report.changes) users.insert(change.author);
  add_owners(report.build, "owner", users);
  add_owners(report.build, "owners", users);
  users.erase("");
  return {users.begin(), users.end()};
}

Recipients recipients(const MailOptions& mail, const BuildReport& report) {
  Recipients out;
  std::set<std::string> seen;
  const auto add = [&seen](std::vector<Address>& list, std::optional<Address> address) {
    if (address && seen.insert(lower(address->mail)).second) list.push_back(std::move(*address));
  };
  if (mail.send_to_interested_users)
    for (const auto& user : interested_users(report)) add(out.to, address_of_user(user, mail.lookup));
  auto& configured = out.to.empty() ? out.to : out.cc;
  for (const auto& text : mail.to) add(configured, parse_address(text));
  return out;
}

}  // namespace headrace::notifier
