// SPDX-License-Identifier: Apache-2.0
// For tests: an app with its own loop and server, driven from the test's thread.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <future>

#include "http/client.hpp"
#include "http/testing/peers.hpp"
#include "json/value.hpp"
#include "web/app/web_app.hpp"
#include "web/testing/event_log.hpp"
#include "web/testing/example_site.hpp"

namespace headrace::web {

class RunningWebApp {
 public:
  explicit RunningWebApp(EventRange events = {}) : events_(std::move(events)) {
    char name[] = "/tmp/headrace-web-XXXXXX";
    directory_ = ::mkdtemp(name);
    start();
  }
  ~RunningWebApp() {
    stop();
    std::filesystem::remove_all(directory_);
  }

  void start() {
    io_ = std::make_unique<boost::asio::io_context>(1);
    app_ = std::make_unique<WebApp>(*io_, WebAppSettings{directory_ / "web" / "history.sqlite", logs()},
                                    nullptr, events_);
    server_ = std::make_unique<http::Server>(
        *io_, "127.0.0.1:" + std::to_string(port_),
        [this](http::Request q, http::ResponderPtr r) { app_->handle(std::move(q), std::move(r)); });
    port_ = std::stoi(server_->address().substr(server_->address().rfind(':') + 1));
    thread_ = std::thread([this] { io_->run(); });
    wait([this](auto done) {
      app_->set_site(std::make_shared<config::Site>(example_site()), example_names(), done);
    });
  }
  /// As a kill would: connections break, the file stays.
  void stop() {
    boost::asio::post(*io_, [this] {
      server_.reset();
      io_->stop();
    });
    thread_.join();
    app_.reset();
    io_.reset();
  }

  void apply(std::vector<wire::Event> events, std::vector<LogGrowth> growths = {}) {
    wait([&](auto done) { app_->apply(std::move(events), std::move(growths), done); });
  }
  /// Runs `f(done)` on the loop and waits until done was called.
  void wait(std::function<void(std::function<void()>)> f) {
    std::promise<void> promise;
    boost::asio::post(*io_, [&] { f([&promise] { promise.set_value(); }); });
    ASSERT_EQ(promise.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  }

  http::Reply get(const std::string& target) {
    http::Call call;
    call.url = url() + target;
    call.headers = {{"Accept", "application/json"}};
    return http::call_and_wait(call);
  }
  /// The parsed answer of a GET that must be 200.
  json::Value json(const std::string& target) {
    const auto r = get(target);
    EXPECT_EQ(r.status, 200) << target << ": " << r.body << r.error;
    return json::parse(r.body).value_or(nullptr);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int port() const { return port_; }
  std::filesystem::path logs() const { return directory_ / "logs"; }
  WebApp& app() { return *app_; }
  EventLog log;

 private:
  std::filesystem::path directory_;
  EventRange events_;
  int port_ = 0;
  std::unique_ptr<boost::asio::io_context> io_;
  std::unique_ptr<WebApp> app_;
  std::unique_ptr<http::Server> server_;
  std::thread thread_;
};

}  // namespace headrace::web
