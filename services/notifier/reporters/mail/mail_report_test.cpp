// SPDX-License-Identifier: Apache-2.0
#include "notifier/reporters/mail/mail_report.hpp"

#include <gtest/gtest.h>

#include "notifier/report_text.hpp"
#include "notifier/reporters/http/http_report.hpp"
#include "wire/codec.hpp"

namespace headrace::notifier {
namespace {

std::unique_ptr<config::Configuration> evaluate(const std::string& reporter) {
  std::vector<config::Problem> problems;
  auto out = config::Configuration::evaluate({"headrace.lua", {{"headrace.lua", R"(
site { title = "Acme", url = "https://ci.acme.org:8010/x" }
worker "w1" {}
builder "kernel a" { workers = { "w1" }, description = "the kernel", steps = { step.shell { command = "true" } } }
)" + reporter}}},
                                             problems);
  for (const auto& p : problems) ADD_FAILURE() << p.place << ": " << p.text;
  return out;
}

wire::Event finished() {
  wire::Build build;
  build.builder = "kernel a";
  build.worker = "w1";
  build.state_string = "failed 'make' (failure)";
  build.properties["owner"] = {"Åsa <asa@acme.org>", "Force"};
  build.properties["branch"] = {"main", "Build"};
  build.sourcestamps.resize(1);
  build.sourcestamps[0].branch = "main";
  build.sourcestamps[0].revision = "0123456789abcdef";
  build.changes = {ChangeId{4}};
  build.steps.resize(2);
  build.steps[0].name = "git";
  build.steps[0].results = Results::success;
  build.steps[1].number = 1;
  build.steps[1].name = "make";
  build.steps[1].results = Results::failure;
  build.steps[1].state_string = "'make' failed";
  build.steps[1].logs.resize(1);
  build.steps[1].logs[0].name = build.steps[1].logs[0].slug = "stdio";
  wire::Event event;
  event.number = EventNumber{9};
  event.tag = "0123456789abcdef.0";
  event.topic = "build.finished.kernel a";
  event.at_ms = 1'788'602'400'000;
  event.ids = {{"buildid", 12},
               {"number", 3},
               {"request", 7},
               {"attempt", 2},
               {"results", 2},
               {"bsid", 5},
               {"started", 1'788'602'400'000 - 72'000},
               {"previous", 0}};
  event.body = wire::encode(build);
  return event;
}

// Of an event that says that a build has finished.
Result<BuildReport> report_of(const wire::Event& event) {
  return report_from(std::get<wire::BuildFinished>(wire::read_event(event)), event.tag);
}

BuildReport a_report() {
  auto report = *report_of(finished());
  report.changes.resize(1);
  report.changes[0].id = ChangeId{4};
  report.changes[0].author = "Bob <bob@acme.org>";
  report.changes[0].comments = "Break it\n\nlong story";
  report.changes[0].revision = "0123456789abcdef";
  report.changes[0].files = {"src/main.c"};
  report.buildset.emplace();
  report.buildset->reason = "The Branch scheduler named 'main' triggered this build";
  report.builder_id = 1;
  return report;
}

std::string header(const Message& m, const std::string& name) {
  const auto at = m.text.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "none";
  const auto begin = at + name.size() + 4;
  std::string value = m.text.substr(begin, m.text.find("\r\n", begin) - begin);
  for (auto next = begin + value.size(); m.text.compare(next, 3, "\r\n ") == 0; next = begin + value.size()) {
    const auto end = m.text.find("\r\n", next + 2);
    value = m.text.substr(begin, end - begin);
  }
  for (auto fold = value.find("\r\n"); fold != std::string::npos; fold = value.find("\r\n"))
    value.erase(fold, 2);
  return value;
}

struct Made {
  std::optional<Message> mail;
  std::vector<std::string> complaints;
};
Made make(const std::string& fields, const BuildReport& report = a_report()) {
  const auto c = evaluate("reporter.mail { from = \"Build Bot <ci@acme.org>\", " + fields + " }");
  Made out;
  if (c) {
    const auto& reporter = c->site().reporters.at(0);
    out.mail = mail_report(*c, reporter, reporter.options.as<MailOptions>(), report, out.complaints);
  }
  return out;
}

TEST(MailReport, SaysHowTheBuildEnded) {
  const auto [mail, complaints] = make("to = { \"dev@acme.org\" }, mode = { \"change\" }");
  ASSERT_TRUE(mail);
  EXPECT_TRUE(complaints.empty());
  EXPECT_EQ(mail->key, "build-12.0123456789abcdef.0-mail");
  EXPECT_EQ(mail->from, "ci@acme.org");
  EXPECT_EQ(mail->to, (std::vector<std::string>{"bob@acme.org", "asa@acme.org", "dev@acme.org"}));
  EXPECT_EQ(header(*mail, "Subject"), "[failure] Acme: kernel a #3 (main) - new failure");
  EXPECT_EQ(header(*mail, "Message-ID"), "<headrace.mail.12.0123456789abcdef.0@ci.acme.org>");
  EXPECT_EQ(header(*mail, "To"), "\"Bob\" <bob@acme.org>, =?utf-8?B?w4VzYQ==?= <asa@acme.org>");
  EXPECT_EQ(header(*mail, "Cc"), "dev@acme.org");
}

TEST(MailReport, BodyNamesPageReasonStepsAndChanges) {
  const auto c = evaluate("reporter.mail { from = \"ci@acme.org\" }");
  const auto body = default_body(c->site(), c->site().reporters.at(0), a_report());
  for (const char* part :
       {"Result:     failure (before: success)\n", "Builder:    kernel a\n", "Build:      #3, attempt 2\n",
        "URL:        https://ci.acme.org:8010/x/#/builders/kernel%20a/builds/3\n", "Worker:     w1\n",
        "Reason:     The Branch scheduler named 'main' triggered this build\n", "Took:       1 min 12 s\n",
        "Source:     main at 0123456789abcdef\n", "Blamelist:  Bob <bob@acme.org>, Åsa <asa@acme.org>\n",
        "  make: failure - 'make' failed\n", "/builds/3/steps/1/logs/stdio\n",
        "  0123456789ab by Bob <bob@acme.org>\n    Break it\n      src/main.c\n"})
    EXPECT_NE(body.find(part), std::string::npos) << part << "\nin\n" << body;
  EXPECT_EQ(body.find("git: success"), std::string::npos);
}

TEST(MailReport, NobodyToTellMeansNoMail) {
  auto report = a_report();
  report.changes[0].author = "root";
  report.build.properties.erase("owner");
  EXPECT_FALSE(make("to = {}", report).mail);
  EXPECT_FALSE(make("send_to_interested_users = false").mail);
}

TEST(MailReport, IsTheSameHoweverOftenItIsMade) {
  EXPECT_EQ(make("to = { \"dev@acme.org\" }").mail->text, make("to = { \"dev@acme.org\" }").mail->text);
}

TEST(MailReport, SubjectIsInterpolated) {
  EXPECT_EQ(header(*make("subject = \"%(prop:branch)s of %(src::revision)s\"").mail, "Subject"),
            "main of 0123456789abcdef");
}

TEST(MailReport, FunctionsWriteSubjectAndBody) {
  const auto [mail, complaints] = make(R"(
    subject = function(report) return report.status_detected .. " " .. report.build.number end,
    body = function(report)
      local text = report.builder .. " " .. report.result_name .. " on " .. report.build.worker .. "\n"
      for _, step in ipairs(report.build.steps) do text = text .. step.name .. "=" .. step.result_name .. "\n" end
      return text .. report.url .. " " .. report.build.properties.branch .. " " .. #report.changes[1].files
    end)");
  ASSERT_TRUE(mail);
  EXPECT_TRUE(complaints.empty()) << complaints[0];
  EXPECT_EQ(header(*mail, "Subject"), "failed build 3");
  EXPECT_TRUE(
      mail->text.ends_with("\r\n\r\nkernel a failure on w1\r\ngit=success\r\nmake=failure\r\n"
                           "https://ci.acme.org:8010/x/#/builders/kernel%20a/builds/3 main 1\r\n"))
      << mail->text;
}

TEST(MailReport, AFunctionThatFailsDoesNotStopTheMail) {
  const auto [mail, complaints] =
      make("subject = function(report) return 7 end, body = function(report) return report.nonsense end");
  ASSERT_TRUE(mail);
  ASSERT_EQ(complaints.size(), 2u);
  EXPECT_EQ(complaints[0], "the subject function gave 7, expected a string");
  EXPECT_NE(complaints[1].find("headrace.lua:"), std::string::npos) << complaints[1];
  EXPECT_TRUE(header(*mail, "Subject").starts_with("[failure] Acme"));
  EXPECT_NE(mail->text.find("the body function failed: "), std::string::npos);
}

TEST(MailReport, StatusIsWhatBuildbotDetects) {
  EXPECT_EQ(status_detected({"failing"}, Results::failure, Results::success), "failed build");
  EXPECT_EQ(status_detected({"problem"}, Results::failure, Results::success), "new failure");
  EXPECT_EQ(status_detected({"change"}, Results::failure, {}), "failed build");
  EXPECT_EQ(status_detected({"change"}, Results::success, Results::failure), "restored build");
  EXPECT_EQ(status_detected({"passing"}, Results::success, Results::failure), "passing build");
  EXPECT_EQ(status_detected({}, Results::warnings, {}), "problem in the build");
  EXPECT_EQ(status_detected({}, Results::exception, {}), "build exception");
  EXPECT_EQ(status_detected({}, Results::cancelled, {}), "cancelled build");
}

TEST(HttpReport, IsTheBuildWithBuildbotsNames) {
  const auto c = evaluate("reporter.http { server_url = \"http://127.0.0.1:1/\" }");
  const auto m = http_report(c->site(), a_report());
  EXPECT_EQ(m.key, "build-12.0123456789abcdef.0-http");
  const auto v = *json::parse(m.text);
  EXPECT_EQ(v["id"], json::Value("build-12.0123456789abcdef.0-http"));
  EXPECT_EQ(v["number"], json::Value(3));
  EXPECT_EQ(v["buildid"], json::Value(12));
  EXPECT_EQ(v["buildrequestid"], json::Value(7));
  EXPECT_EQ(v["results"], json::Value(2));
  EXPECT_EQ(v["complete"], json::Value(true));
  EXPECT_EQ(v["complete_at"].as_int() - v["started_at"].as_int(), 72);
  EXPECT_EQ(v["state_string"], json::Value("failed 'make' (failure)"));
  EXPECT_EQ(v.at_path("builder.name"), json::Value("kernel a"));
  EXPECT_EQ(v.at_path("builder.description"), json::Value("the kernel"));
  EXPECT_EQ(v.at_path("buildset.bsid"), json::Value(5));
  EXPECT_EQ(v.at_path("buildset.sourcestamps").as_array()[0]["revision"], json::Value("0123456789abcdef"));
  EXPECT_EQ(v.at_path("properties.branch"), json::Value(json::Array{"main", "Build"}));
  EXPECT_EQ(v.at_path("prev_build.results"), json::Value(0));
  EXPECT_EQ(v["steps"].as_array()[1]["name"], json::Value("make"));
  EXPECT_EQ(v["steps"].as_array()[1]["results"], json::Value(2));
  EXPECT_EQ(v["changes"].as_array()[0]["changeid"], json::Value(4));
  EXPECT_EQ(v["url"], json::Value("https://ci.acme.org:8010/x/#/builders/kernel%20a/builds/3"));
}

TEST(BuildReport, RefusesAnEventThatIsNoBuild) {
  auto event = finished();
  event.ids["previous"] = -1;
  EXPECT_FALSE(report_of(event)->previous);
  for (std::size_t n = 0; n < event.body.size(); ++n) {
    auto cut = event;
    cut.body.resize(n);
    EXPECT_FALSE(report_of(cut)) << n;
  }
}

TEST(Message, SurvivesTheOutboxAndRefusesAnythingElse) {
  const Message m{"k", "mail", 12, "a@b.c", {"d@e.f", "g@h.i"}, "text\r\n"};
  const auto bytes = encode_message(m);
  const auto back = decode_message("k", bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->key, m.key);
  EXPECT_EQ(back->kind, m.kind);
  EXPECT_EQ(back->at_ms, m.at_ms);
  EXPECT_EQ(back->from, m.from);
  EXPECT_EQ(back->to, m.to);
  EXPECT_EQ(back->text, m.text);
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(decode_message("k", std::string_view(bytes).substr(0, n))) << n;
  EXPECT_EQ(decode_message("k", wire::encode_value(json::Object{{"v", 2}})).error().text,
            "message k has version 2, expected 1");
  EXPECT_FALSE(decode_message("k", wire::encode_value(json::Object{{"v", 1}, {"kind", 3}})));
}

}  // namespace
}  // namespace headrace::notifier
