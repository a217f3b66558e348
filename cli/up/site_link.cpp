// SPDX-License-Identifier: Apache-2.0
#include "cli/up/site_link.hpp"

#include <iostream>

#include "config/configuration.hpp"
#include "store/state/site.hpp"

namespace headrace::cli {
namespace {
constexpr milliseconds kRetry{20};
}

SiteLink::SiteLink(boost::asio::io_context& io, store::Settings settings)
    : retry_(io), timer_(io), store_(io, std::move(settings)) {}

void SiteLink::start(std::function<void()> connected) {
  connected_ = std::move(connected);
  connect();
}

void SiteLink::stop() {
  stopped_ = true;
  retry_.cancel();
  timer_.cancel();
}

void SiteLink::connect() {
  store_.connect(
      [this] {
        if (stopped_) return;
        connected_();
        look();
      },
      [this](const std::string&) {
        batch_.clear();
        timer_.cancel();
        retry_.expires_after(kRetry);
        retry_.async_wait([this](const boost::system::error_code& error) {
          if (!error && !stopped_) connect();
        });
      });
}

void SiteLink::commit_call(store::Call call, std::function<void(store::Reply)> done) {
  if (!store_.connected()) return;
  batch_.add(std::move(call), std::move(done));
  flush();
}

void SiteLink::flush() {
  auto calls = batch_.begin();
  if (calls.empty()) return;
  store_.commit(std::move(calls), [this](std::vector<store::Reply> replies) {
    batch_.answer(std::move(replies));
    flush();
  });
}

void SiteLink::allow_worker(const std::string& public_key, const std::string& name,
                            std::function<void()> done) {
  if (!store_.connected()) return;
  store_.read(store::admitted_public_key(store::KeyKind::worker, public_key),
              [=, this](const Result<std::optional<std::string>>& allowed) {
                if (allowed && *allowed == name) return done();
                commit(store::KeyAllow{store::KeyKind::worker, public_key, name},
                       [name, done](const auto& outcome) {
                         if (!outcome)
                           std::cerr << "headrace: the key of worker " << name
                                     << " was refused: " << outcome.error().text << std::endl;
                         done();
                       });
              });
}

void SiteLink::plan_look() {
  timer_.expires_after(kLook);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !stopped_) look();
  });
}

void SiteLink::look() {
  if (!store_.connected()) return;
  store_.read(store::config_version(), [this](const Result<ConfigVersion>& version) {
    if (version && *version && *version != version_) return read_version(*version);
    plan_look();
  });
}

void SiteLink::read_version(ConfigVersion version) {
  store_.read(
      store::config_files(version), [this, version](const Result<std::optional<std::string>>& packed) {
        version_ = version;
        std::vector<config::Problem> problems;
        const auto files = config::unpack(packed ? packed->value_or("") : "");
        const auto configuration = files ? config::Configuration::evaluate(*files, problems) : nullptr;
        if (configuration) {
          std::vector<std::string> names;
          for (const auto& worker : configuration->site().workers)
            if (worker.embedded) names.push_back(worker.name);
          if (on_workers_) on_workers_(std::move(names));
        } else {
          std::cerr << "headrace: configuration " << version.value
                    << " is not understood by this program; workers stay as they are" << std::endl;
        }
        plan_look();
      });
}

}  // namespace headrace::cli
