// SPDX-License-Identifier: Apache-2.0
// What `up` says to and hears from Redis: the configuration it was given, the keys of embedded workers,
// and which workers the current configuration embeds (somebody may `apply` another one).
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "clock/clock.hpp"
#include "store/batch.hpp"
#include "store/client.hpp"

namespace headrace::cli {

class SiteLink {
 public:
  static constexpr milliseconds kLook{500};  ///< how often the version is looked at

  SiteLink(boost::asio::io_context& io, store::Settings settings);

  /// Connects, and again whenever the connection is lost. @param connected  called each time
  void start(std::function<void()> connected);
  /// Transitions committed while there is no connection, or when it is lost, answer nothing.
  /// @param done  takes the Outcome
  template <class Transition, class F>
  void commit(const Transition& transition, F done) {
    commit_call(transition.call(),
                [done = std::move(done)](const store::Reply& reply) { done(Transition::read(reply)); });
  }
  /// Allows a worker's key, unless it is allowed already.
  void allow_worker(const std::string& public_key, const std::string& name, std::function<void()> done);
  /// Called with the names of the embedded workers whenever another version has become current.
  void on_workers(std::function<void(std::vector<std::string>)> callback) {
    on_workers_ = std::move(callback);
  }
  void stop();

 private:
  void connect();
  void flush();
  void look();
  void plan_look();
  void commit_call(store::Call call, std::function<void(store::Reply)> done);
  void read_version(ConfigVersion version);

  boost::asio::steady_timer retry_, timer_;
  store::Client store_;
  store::Batch batch_;
  std::function<void()> connected_;
  std::function<void(std::vector<std::string>)> on_workers_;
  ConfigVersion version_;  // that on_workers_ was told of
  bool stopped_ = false;
};

}  // namespace headrace::cli
