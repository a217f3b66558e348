// SPDX-License-Identifier: Apache-2.0
#include "bus/service.hpp"

#include "limits/limits.hpp"
#include "service/endpoints.hpp"

namespace headrace::bus_service {
namespace {

constexpr int kPublished = 200'000;  // messages of one publisher that wait to be passed on

}  // namespace

void Settings::add_options(arguments::Command& command) {
  command.option("--bind-publish", bind_publish, "where services publish, comma separated")
      .env("HEADRACE_BUS_BIND_PUBLISH")
      .show_default();
  command.option("--bind-subscribe", bind_subscribe, "where events are given out, comma separated")
      .env("HEADRACE_BUS_BIND_SUBSCRIBE")
      .show_default();
}

void BusService::start() {
  auto& runner = *runner_;
  runner.metrics().counter("headrace_bus_refused_total", "handshakes with a key that is not allowed");
  runner.metrics().counter("headrace_bus_messages_total", "messages passed on");
  const auto& site = runner.site_key();
  keys_ = std::make_unique<service::AdmittedPublicKeys>(runner, store::KeyKind::subscriber);
  runner.zmq().authenticate(runner.io(), [this, &site](const std::string& domain, const std::string& key,
                                                       std::function<void(bool)> answer) {
    const auto decide = [this, domain, answer](bool allowed) {
      if (!allowed) runner_->metrics().count("headrace_bus_refused_total{domain=\"" + domain + "\"}");
      answer(allowed);
    };
    if (key == site.public_key || domain != "subscribe") return decide(key == site.public_key);
    keys_->ask(key, [decide](std::optional<std::string> name) { decide(name.has_value()); });
  });
  publishers_ = std::make_unique<bus::Socket>(runner.io(), runner.zmq(), bus::SocketType::xsub);
  subscribers_ = std::make_unique<bus::Socket>(runner.io(), runner.zmq(), bus::SocketType::xpub);
  publishers_->bound_peers({limits::kPublisherFrame, limits::kUnheard, limits::kUnheardBytes,
                            limits::kConnectionsPerKey, 0, kPublished, limits::kQueuedToPeer},
                           site.public_key);
  subscribers_->bound_peers(
      {limits::kSubscriberFrame, limits::kUnheard, limits::kUnheardBytes, limits::kConnectionsPerKey,
       limits::kSubscriptions, limits::kQueuedFromPeer, limits::kQueuedToPeer},
      site.public_key);
  service::bind_all(*publishers_, service::split_endpoints(settings_.bind_publish), site, "publish");
  service::bind_all(*subscribers_, service::split_endpoints(settings_.bind_subscribe), site, "subscribe");
  bus::forward(
      *publishers_, *subscribers_,
      [this](const bus::Frames&) { runner_->metrics().count("headrace_bus_messages_total"); },
      limits::kBusEvent);
}

void BusService::load() {
  auto& runner = *runner_;
  keys_->read([this] { runner_->zmq().answer_handshakes(); });
  runner.loaded({});
}

void BusService::unload() { keys_->lost(); }

// A CURVE key that was removed is refused from the next connection on.
void BusService::on_tick() { keys_->read(); }

}  // namespace headrace::bus_service
