// SPDX-License-Identifier: Apache-2.0
#include "support/webdriver.hpp"

#include <csignal>
#include <stdexcept>

#include "http/client.hpp"

namespace headrace::test {
namespace {

// So that it runs as root, in a container, without a display and without the network.
json::Array chromium_words(const std::string& profile) {
  return {"--headless=new",
          "--no-sandbox",
          "--disable-gpu",
          "--disable-dev-shm-usage",
          "--disable-quic",
          "--no-first-run",
          "--no-default-browser-check",
          "--disable-background-networking",
          "--disable-component-update",
          "--disable-sync",
          "--disable-extensions",
          "--force-device-scale-factor=1",
          "--user-data-dir=" + profile};
}

std::string from_base64(const std::string& text) {
  static const std::string kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto value = kLetters.find(c);
    if (value == std::string::npos) continue;
    bits = bits << 6 | static_cast<unsigned>(value);
    if ((count += 6) < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count & 0xFF));
  }
  return out;
}

}  // namespace

Browser::Browser(int width, int height) {
  driver_ = std::make_unique<Program>(std::vector<std::string>{"chromedriver", "--port=0"});
  const std::string words = "started successfully on port ";
  const auto port = wait_for("chromedriver", kLimit, [&] {
    const auto said = driver_->output();
    const auto at = said.find(words);
    const auto end = at == std::string::npos ? at : said.find('.', at);
    if (end == std::string::npos && !driver_->running())
      throw std::runtime_error("chromedriver ended:\n" + driver_->output());
    return end == std::string::npos ? 0 : std::stoi(said.substr(at + words.size()));
  });
  address_ = "http://127.0.0.1:" + std::to_string(port) + "/session";
  const json::Object wanted{
      {"browserName", "chrome"},
      {"goog:loggingPrefs", json::Object{{"browser", "ALL"}}},
      {"goog:chromeOptions", json::Object{{"args", chromium_words(profile_ / "profile")}}}};
  const auto session =
      call("POST", "", json::Object{{"capabilities", json::Object{{"alwaysMatch", wanted}}}});
  address_ += "/" + session["sessionId"].string_or("");
  // The window has borders: what counts is the page.
  call(
      "POST", "/goog/cdp/execute",
      json::Object{
          {"cmd", "Emulation.setDeviceMetricsOverride"},
          {"params",
           json::Object{{"width", width}, {"height", height}, {"deviceScaleFactor", 1}, {"mobile", false}}}});
}

Browser::~Browser() {
  try {
    call("DELETE", "");  // ends Chromium; the driver alone would leave it running
    driver_->signal(SIGTERM);
    driver_->wait(kLimit);
  } catch (const std::runtime_error&) {
    // The test has failed already or fails by what comes next; Program ends the driver.
  }
}

json::Value Browser::call(const std::string& method, const std::string& path, const json::Value& body) {
  http::Call call;
  call.method = method;
  call.url = address_ + path;
  call.timeout = kLimit;
  if (method == "POST") {
    call.headers = {{"Content-Type", "application/json"}};
    call.body = json::write(body.is_null() ? json::Value(json::Object{}) : body);
  }
  const auto reply = http::call_and_wait(call);
  const auto answer = json::parse(reply.body);
  if (!answer)
    throw std::runtime_error("chromedriver: " + method + " " + path + ": " + reply.error + " " + reply.body);
  const auto& value = (*answer)["value"];
  if (reply.status != 200)
    throw std::runtime_error("chromedriver: " + method + " " + path + ": " + value["error"].string_or("") +
                             ": " + value["message"].string_or(""));
  return value;
}

void Browser::open(const std::string& url) { call("POST", "/url", json::Object{{"url", url}}); }
void Browser::reload() { call("POST", "/refresh"); }

json::Value Browser::script(const std::string& body, json::Array arguments) {
  return call("POST", "/execute/sync", json::Object{{"script", body}, {"args", std::move(arguments)}});
}

json::Value Browser::wait_script(const std::string& what, const std::string& body,
                                 const json::Array& arguments) {
  json::Value last;
  wait_for(
      what, kLimit, [&] { return (last = script(body, arguments)).truthy(); },
      [&] { return "the last answer was " + json::write(last) + "; the page reads:\n" + text("body"); });
  return last;
}

void Browser::click(const std::string& css) {
  wait_script(
      css + " to keep still",
      "const find = () => document.querySelector(arguments[0]);"
      "const place = () => JSON.stringify(find()?.getBoundingClientRect() ?? null);"
      "find()?.scrollIntoView({ block: 'nearest', inline: 'nearest' });"
      "const before = place();"
      "return new Promise((done) => setTimeout(() => done(before !== 'null' && before === place()), 300));",
      {css});
  press(css);
  release();
}

void Browser::press(const std::string& css) {
  const auto middle = script(
      "const box = document.querySelector(arguments[0]).getBoundingClientRect();"
      "return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)]",
      {css});
  pointer({json::Object{{"type", "pointerMove"},
                        {"duration", 0},
                        {"x", middle.as_array()[0]},
                        {"y", middle.as_array()[1]}},
           json::Object{{"type", "pointerDown"}, {"button", 0}}});
}

void Browser::release() { pointer({json::Object{{"type", "pointerUp"}, {"button", 0}}}); }

void Browser::pointer(json::Array actions) {
  json::Object mouse{
      {"type", "pointer"}, {"id", "mouse"}, {"parameters", json::Object{{"pointerType", "mouse"}}}};
  mouse["actions"] = std::move(actions);
  call("POST", "/actions", json::Object{{"actions", json::Array{std::move(mouse)}}});
}

std::string Browser::text(const std::string& css) {
  return script("return document.querySelector(arguments[0])?.innerText ?? ''", {css}).string_or("");
}

std::vector<std::string> Browser::complaints() {
  std::vector<std::string> out;
  const auto entries = call("POST", "/se/log", json::Object{{"type", "browser"}});
  if (!entries.is_array()) return out;
  for (const auto& entry : entries.as_array())
    if (entry["level"].string_or("") == "SEVERE") out.push_back(entry["message"].string_or(""));
  return out;
}

void Browser::save_screenshot(const std::string& path) {
  write_file(path, from_base64(call("GET", "/screenshot").string_or("")));
}

}  // namespace headrace::test
