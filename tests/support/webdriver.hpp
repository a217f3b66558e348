// SPDX-License-Identifier: Apache-2.0
// A headless Chromium for a test, spoken to through chromedriver. Source: W3C WebDriver.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "json/value.hpp"
#include "support/program.hpp"
#include "support/wait.hpp"

namespace headrace::test {

/// One window with a profile of its own; it ends with this object. Whatever the driver answers with an error
/// throws std::runtime_error in its words.
class Browser {
 public:
  static constexpr std::chrono::seconds kLimit{30};  ///< of every wait and call below

  /// @param width, height  of the page in CSS pixels
  explicit Browser(int width = 1400, int height = 800);
  ~Browser();
  Browser(const Browser&) = delete;

  void open(const std::string& url);
  void reload();
  /// What the body of a function gives, with `arguments` in its `arguments`; a promise is awaited.
  json::Value script(const std::string& body, json::Array arguments = {});
  /// Waits until the script gives something truthy. @return that
  json::Value wait_script(const std::string& what, const std::string& body,
                          const json::Array& arguments = {});
  /// Waits until the element is there and does not move, then press() and release().
  void click(const std::string& css);
  /// The mouse goes to the middle of the element, whatever covers it there, and its button goes down.
  void press(const std::string& css);
  void release();
  /// Text of the element as it is seen; "" when there is none.
  std::string text(const std::string& css);
  /// What the page has complained of since the last call: the console's errors, failed requests among them.
  std::vector<std::string> complaints();
  void save_screenshot(const std::string& path);  ///< PNG of the window

 private:
  void pointer(json::Array actions);
  json::Value call(const std::string& method, const std::string& path, const json::Value& body = {});

  Folder profile_;
  std::unique_ptr<Program> driver_;
  std::string address_;  // "http://127.0.0.1:port/session/id"
};

}  // namespace headrace::test
