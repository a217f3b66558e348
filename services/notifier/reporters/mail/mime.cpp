// SPDX-License-Identifier: Apache-2.0
#include "notifier/reporters/mail/mime.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "json/value.hpp"

namespace headrace::notifier {
namespace {

constexpr std::size_t kFoldAt = 76;      // RFC 2047: no line with an encoded word is longer
constexpr std::size_t kWordBytes = 39;   // of text in one encoded word: 52 of base64 and 12 around it
constexpr std::size_t kPlainLine = 200;  // a longer line is sent quoted-printable

bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x7f; }

// Control characters, line ends above all, become blanks; the rest valid UTF-8.
std::string one_line(std::string_view text) {
  std::string out = json::valid_utf8(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return out;
}

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0);
    for (std::size_t k = 0; k < 4; ++k) out += k <= n ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

// The end of the piece from `begin` that is at most `most` bytes and cuts no character.
std::size_t cut(std::string_view text, std::size_t begin, std::size_t most) {
  std::size_t end = std::min(text.size(), begin + most);
  while (end > begin && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return end;
}

// Encoded words with blanks between, which a reader drops.
std::string encoded_words(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = cut(text, i, kWordBytes);
    out += (out.empty() ? "" : " ") + ("=?utf-8?B?" + base64(text.substr(i, end - i)) + "?=");
    i = end;
  }
  return out;
}

std::string formatted(const Address& address) {
  const std::string name = one_line(address.name);
  if (name.find_first_not_of(' ') == std::string::npos) return address.mail;
  const std::string encoded = header_text(name);
  if (encoded != name) return encoded + " <" + address.mail + ">";
  std::string quoted;
  for (const char c : name) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return "\"" + quoted + "\" <" + address.mail + ">";
}

std::string formatted(const std::vector<Address>& list) {
  std::string out;
  for (const auto& address : list) out += (out.empty() ? "" : ", ") + formatted(address);
  return out;
}

// "Name: value", folded at blanks. A word that fits in no line is cut hard only where even SMTP's limit
// would be broken.
void add_header(std::string& out, const std::string& name, std::string_view value) {
  constexpr std::size_t kMaxWord = 900;
  std::size_t column = name.size() + 1;
  out += name + ":";
  for (std::size_t i = 0; i < value.size();) {
    while (i < value.size() && value[i] == ' ') ++i;
    std::size_t end = std::min(value.find(' ', i), value.size());
    end = std::min(end, i + kMaxWord);
    if (end == i) break;
    if (column + 1 + (end - i) > kFoldAt && column > name.size() + 1) {
      out += "\r\n";
      column = 0;
    }
    out += " ";
    out += value.substr(i, end - i);
    column += 1 + (end - i);
    i = end;
  }
  out += "\r\n";
}

bool is_header_name(const std::string& name) {
  return !name.empty() && name.size() <= 70 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return c > 0x20 && c < 0x7f && c != ':';
  });
}

bool is_ours(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  static constexpr std::string_view kOurs[] = {"from",    "to",   "cc",         "bcc",
                                               "subject", "date", "message-id", "mime-version"};
  return std::find(std::begin(kOurs), std::end(kOurs), name) != std::end(kOurs) ||
         name.starts_with("content-");
}

// Lines with CRLF, whatever they ended with.
std::string with_crlf(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (text[i] == '\n' || text[i] == '\r')
      out += "\r\n";
    else
      out += text[i];
  }
  if (!out.ends_with("\r\n")) out += "\r\n";
  return out;
}

bool is_plain_text(std::string_view text) {
  std::size_t line = 0;
  for (const char c : text) {
    line = c == '\n' ? 0 : line + 1;
    if (line > kPlainLine ||
        (!is_plain(static_cast<unsigned char>(c)) && c != '\n' && c != '\r' && c != '\t'))
      return false;
  }
  return true;
}

}  // namespace

std::string header_text(std::string_view utf8) {
  const std::string line = one_line(utf8);
  const bool plain =
      std::all_of(line.begin(), line.end(), [](char c) { return is_plain(static_cast<unsigned char>(c)); });
  return plain && line.find("=?") == std::string::npos ? line : encoded_words(line);
}

std::string mail_date(std::int64_t ms) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t time = ms / 1000;
  std::tm t{};
  ::gmtime_r(&time, &t);
  char text[80];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d +0000", kDays[t.tm_wday], t.tm_mday,
                kMonths[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
  return text;
}

std::string quoted_printable(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  const std::string lines = with_crlf(text);
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto c = static_cast<unsigned char>(lines[i]);
    if (c == '\r') {  // always of a CRLF
      out += "\r\n";
      column = 0;
      ++i;
      continue;
    }
    const bool at_end = i + 1 == lines.size() || lines[i + 1] == '\r';
    // A dot or "From " at the start of a line has been harmed by enough mail systems.
    const bool literal =
        is_plain(c) && c != '=' && !(c == ' ' && at_end) && !(column == 0 && (c == '.' || c == 'F'));
    if (column + (literal ? 1 : 3) > 75) {
      out += "=\r\n";
      column = 0;
    }
    if (literal) {
      out += static_cast<char>(c);
      column += 1;
    } else {
      out += '=';
      out += kHex[c >> 4];
      out += kHex[c & 15];
      column += 3;
    }
  }
  return out;
}

std::string write_mail(const MailText& mail) {
  std::string out;
  add_header(out, "From", formatted(mail.from));
  if (!mail.to.empty()) add_header(out, "To", formatted(mail.to));
  if (!mail.cc.empty()) add_header(out, "Cc", formatted(mail.cc));
  add_header(out, "Subject", header_text(mail.subject));
  add_header(out, "Date", mail_date(mail.date_ms));
  add_header(out, "Message-ID", one_line(mail.message_id));
  for (const auto& [name, value] : mail.headers)
    if (is_header_name(name) && !is_ours(name)) add_header(out, name, header_text(value));
  const std::string body = json::valid_utf8(mail.body);
  const bool plain = is_plain_text(body);
  out += "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n";
  out += plain ? "Content-Transfer-Encoding: 7bit\r\n\r\n"
               : "Content-Transfer-Encoding: quoted-printable\r\n\r\n";
  out += plain ? with_crlf(body) : quoted_printable(body);
  return out;
}

}  // namespace headrace::notifier
