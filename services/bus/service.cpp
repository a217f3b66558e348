// SPDX-License-Identifier: Apache-2.0
#include "bus/service.hpp"

#include "service/endpoints.hpp"

namespace headrace::bus_service {

void Settings::add_options(arguments::Command& command) {
  command.option("--bind-publish", bind_publish, "where services publish, comma separated")
      .env("HEADRACE_BUS_BIND_PUBLISH")
      .show_default();
  command.option("--bind-subscribe", bind_subscribe, "where events are given out, comma separated")
      .env("HEADRACE_BUS_BIND_SUBSCRIBE")
      .show_default();
}

void BusService::start(service::Host& host) {
  host_ = &host;
  const auto& site = host.site_key();
  host.zmq().authenticate(host.io(), [this, &site](const std::string& domain, const std::string& key) {
    std::optional<std::string> user;
    if (key == site.public_key) {
      user = "site";
    } else if (domain == "subscribe") {
      const auto found = subscriber_keys_.find(key);
      if (found != subscriber_keys_.end()) user = found->second;
    }
    if (!user) host_->metrics().count("headrace_bus_refused_total{domain=\"" + domain + "\"}");
    return user;
  });
  publishers_ = std::make_unique<bus::Socket>(host.io(), host.zmq(), bus::SocketType::xsub);
  subscribers_ = std::make_unique<bus::Socket>(host.io(), host.zmq(), bus::SocketType::xpub);
  service::bind_all(*publishers_, service::split_endpoints(settings_.bind_publish), site, "publish");
  service::bind_all(*subscribers_, service::split_endpoints(settings_.bind_subscribe), site, "subscribe");
  bus::forward(*publishers_, *subscribers_,
               [this](const bus::Frames&) { host_->metrics().count("headrace_bus_messages_total"); });
}

void BusService::load(service::Host& host) {
  read_keys();
  host.loaded({});
}

// Keys are few and change rarely; asking each second needs no event reader here.
void BusService::on_tick() { read_keys(); }

void BusService::read_keys() {
  host_->command({"HGETALL", host_->store().keys()("keys:subscriber")}, [this](store::RedisReply r) {
    if (r.is_error()) return;
    subscriber_keys_.clear();
    for (std::size_t i = 0; i + 1 < r.items.size(); i += 2) subscriber_keys_[r.items[i].text] = r.items[i + 1].text;
    host_->zmq().answer_handshakes();
  });
}

}  // namespace headrace::bus_service
