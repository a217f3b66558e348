// SPDX-License-Identifier: Apache-2.0
// headrace-notifier: events in; mail and HTTP out, from a durable outbox.
#include "notifier/service.hpp"
#include "service/delays.hpp"
#include "service/runner.hpp"

namespace {

class Curl final : public headrace::notifier::Transport {
 public:
  explicit Curl(boost::asio::io_context& io) : client_(io) {}
  void send(headrace::http::Mail mail, std::function<void(headrace::http::Reply)> done) override {
    client_.send(std::move(mail), std::move(done));
  }
  void send(headrace::http::Call call, std::function<void(headrace::http::Reply)> done) override {
    client_.send(std::move(call), std::move(done));
  }

 private:
  headrace::http::Client client_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto parsed = headrace::service::parse_settings(argc, argv, "headrace-notifier",
                                                        "Tells people and programs how builds ended.");
  if (parsed.exit_status) return *parsed.exit_status;
  headrace::service::RunnerOptions options;
  options.delivery_delay = headrace::service::kDeliveryDelayNotifier;
  headrace::service::ServiceRunner runner(parsed.host, "notifier", options);
  Curl transport(runner.io());
  headrace::notifier::NotifierService service(runner, transport);
  return runner.run(service);
}
