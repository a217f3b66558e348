// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cli/command.hpp"
#include "cli/event_json.hpp"
#include "cli/properties.hpp"
#include "cli/up/program.hpp"
#include "wire/codec.hpp"

namespace headrace::cli {
namespace {

TEST(Properties, ValuesAreJsonWhereTheyReadAsJson) {
  const auto p =
      parse_properties({"n=7", "yes=true", "list=[\"a\"]", "text=hello world", "empty=", "eq=a=b"}, "me");
  EXPECT_EQ(p.at("n").value, json::Value(7));
  EXPECT_EQ(p.at("yes").value, json::Value(true));
  EXPECT_EQ(p.at("list").value, json::Value(json::Array{"a"}));
  EXPECT_EQ(p.at("text").value, json::Value("hello world"));
  EXPECT_EQ(p.at("empty").value, json::Value(""));
  EXPECT_EQ(p.at("eq").value, json::Value("a=b"));
  EXPECT_EQ(p.at("n").source, "me");
}

TEST(Properties, AWordWithoutNameIsNamed) {
  for (const std::string word : {"novalue", "=x"}) {
    try {
      parse_properties({word}, "me");
      FAIL() << word;
    } catch (const UsageError& e) {
      EXPECT_NE(std::string(e.what()).find("'" + word + "'"), std::string::npos) << e.what();
    }
  }
}

TEST(EventJson, IsOneLineWithEverythingInIt) {
  wire::Event event;
  event.number = {12};
  event.tag = "ab.0";
  event.topic = "request.cancel";
  event.at_ms = 1500;
  event.ids["request"] = 3;
  event.body = wire::encode_value(json::Object{{"reason", "two\nlines"}});
  EXPECT_EQ(
      event_json(event),
      R"({"at":1.5,"body":{"reason":"two\nlines"},"ids":{"request":3},"number":12,"tag":"ab.0","topic":"request.cancel"})");
}

TEST(Program, DurabilityIsWhatRedisDoesAtACommit) {
  const Layout layout{"/data", "/run/x", "/bin"};
  const auto value = [&](const std::string& durability) {
    const auto argv = redis_program(layout, durability).argv;
    return *(std::find(argv.begin(), argv.end(), "--appendfsync") + 1);
  };
  EXPECT_EQ(value("machine"), "always");
  EXPECT_EQ(value("process"), "everysec");
}

TEST(Program, EveryServiceIsStoppedInTheOrderOfTheList) {
  const Layout layout{"/data", "/run/x", "/bin"};
  const auto services = service_programs(layout, {}, {"web:1", "intake:2", "tcp://workers:3", "tcp://bus:4"});
  for (const auto& service : services)
    EXPECT_EQ(std::count(std::begin(kStopOrder), std::end(kStopOrder), service.name), 1) << service.name;
  EXPECT_EQ(services.size() + 1, std::size(kStopOrder)) << "all of them, and Redis";
}

}  // namespace
}  // namespace headrace::cli
