// SPDX-License-Identifier: Apache-2.0
#include "notifier/reporters/mail/mime.hpp"

#include <gtest/gtest.h>

namespace headrace::notifier {
namespace {

MailText a_mail() {
  MailText m;
  m.from = {"Build Bot", "ci@example.org"};
  m.to = {{"", "ann@example.org"}, {"Lee, Bob", "bob@example.org"}};
  m.subject = "kernel #12";
  m.message_id = "<headrace.mail.12@ci.example.org>";
  m.date_ms = 1'788'602'400'000;
  m.body = "one\ntwo\n";
  return m;
}

// Every header line of `mail`, unfolded.
std::vector<std::string> headers(const std::string& mail) {
  std::vector<std::string> out;
  const std::string head = mail.substr(0, mail.find("\r\n\r\n") + 2);
  for (std::size_t i = 0; i < head.size();) {
    const auto end = head.find("\r\n", i);
    const std::string line = head.substr(i, end - i);
    if (line.starts_with(' ') && !out.empty())
      out.back() += line;
    else
      out.push_back(line);
    i = end + 2;
  }
  return out;
}

TEST(Mime, WritesAWholeMail) {
  EXPECT_EQ(write_mail(a_mail()),
            "From: \"Build Bot\" <ci@example.org>\r\n"
            "To: ann@example.org, \"Lee, Bob\" <bob@example.org>\r\n"
            "Subject: kernel #12\r\n"
            "Date: Sat, 05 Sep 2026 10:00:00 +0000\r\n"
            "Message-ID: <headrace.mail.12@ci.example.org>\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 7bit\r\n"
            "\r\n"
            "one\r\ntwo\r\n");
}

TEST(Mime, EncodesWhatIsNotAscii) {
  EXPECT_EQ(header_text("grün"), "=?utf-8?B?Z3LDvG4=?=");
  EXPECT_EQ(header_text("already =?utf-8?B?Z3LDvG4=?="),
            "=?utf-8?B?YWxyZWFkeSA9P3V0Zi04P0I/WjNMRHZHND0/PQ==?=");
  EXPECT_EQ(header_text("\xff"), "=?utf-8?B?77+9?=") << "invalid UTF-8";
  auto m = a_mail();
  m.to = {{"Åsa", "asa@example.org"}};
  m.body = "grün = ok \n.\nFrom here\n";
  const auto text = write_mail(m);
  EXPECT_NE(text.find("To: =?utf-8?B?w4VzYQ==?= <asa@example.org>\r\n"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("quoted-printable\r\n\r\ngr=C3=BCn =3D ok=20\r\n=2E\r\n=46rom here\r\n"))
      << text;
}

TEST(Mime, NoEncodedWordCutsACharacterAndNoLineIsTooLong) {
  auto m = a_mail();
  for (int i = 0; i < 200; ++i) m.subject += "ü€";
  m.body = std::string(3000, 'x') + "ü\n";
  const auto text = write_mail(m);
  for (std::size_t i = 0; i < text.size();) {
    const auto end = text.find("\r\n", i);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - i, 76u) << text.substr(i, end - i);
    i = end + 2;
  }
  for (std::size_t at = 0; (at = text.find("?B?", at)) != std::string::npos; at += 3) {
    // Of whole characters of two and three bytes: base64 of 39 bytes or less decodes alone.
    const auto word = text.substr(at + 3, text.find("?=", at) - at - 3);
    EXPECT_LE(word.size(), 52u);
    EXPECT_EQ(word.size() % 4, 0u);
  }
}

TEST(Mime, NoHeaderCanBeSmuggledIn) {
  auto m = a_mail();
  m.subject = "hi\r\nBcc: evil@example.org\n\nbody";
  m.to = {{"Ann\r\nBcc: evil@example.org", "ann@example.org"}};
  m.from.name = "x\"\r\nBcc: evil@example.org";
  m.message_id = "<1@x>\r\nBcc: evil@example.org";
  m.headers = {
      {"X-Note", "a\r\nBcc: evil@example.org"}, {"X\r\nBcc", "evil@example.org"}, {"X Y", "1"}, {"", "1"}};
  const auto text = write_mail(m);
  for (const auto& line : headers(text)) EXPECT_FALSE(line.starts_with("Bcc")) << line;
  EXPECT_EQ(headers(text).size(), 9u) << text;
  EXPECT_EQ(text.substr(text.find("\r\n\r\n")), "\r\n\r\none\r\ntwo\r\n");
}

TEST(Mime, TakesMoreHeadersButNotItsOwn) {
  auto m = a_mail();
  m.headers = {
      {"Reply-To", "dev@example.org"}, {"subject", "other"}, {"BCC", "x@y.z"}, {"Content-Type", "text/html"}};
  const auto list = headers(write_mail(m));
  EXPECT_EQ(list.size(), 9u);
  EXPECT_NE(std::find(list.begin(), list.end(), "Reply-To: dev@example.org"), list.end());
}

TEST(Mime, FoldsLongListsOfRecipients) {
  auto m = a_mail();
  m.to.clear();
  for (int i = 0; i < 100; ++i) m.to.push_back({"", "user" + std::to_string(i) + "@example.org"});
  const auto list = headers(write_mail(m));
  EXPECT_NE(list[1].find("user0@example.org, "), std::string::npos);
  EXPECT_TRUE(list[1].ends_with("user99@example.org"));
}

TEST(Mime, BodyLinesEndWithCrlfWhateverTheyEndedWith) {
  auto m = a_mail();
  m.body = "a\r\nb\rc\nd";
  EXPECT_TRUE(write_mail(m).ends_with("\r\n\r\na\r\nb\r\nc\r\nd\r\n"));
  m.body = std::string("nul \0 here", 10);
  EXPECT_TRUE(write_mail(m).ends_with("\r\n\r\nnul =00 here\r\n"));
  m.body = "";
  EXPECT_TRUE(write_mail(m).ends_with("\r\n\r\n\r\n"));
}

TEST(Mime, QuotedPrintableBreaksBeforeTheLimit) {
  const auto text = quoted_printable(std::string(74, 'x') + "ü");
  EXPECT_EQ(text, std::string(74, 'x') + "=\r\n=C3=BC\r\n");
}

}  // namespace
}  // namespace headrace::notifier
