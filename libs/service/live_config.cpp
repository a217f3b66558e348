// SPDX-License-Identifier: Apache-2.0
#include "service/live_config.hpp"

#include "log/log.hpp"
#include "store/state/site.hpp"

namespace headrace::service {

void LiveConfig::refresh(std::function<void()> done) {
  house_.read(store::config_version(), [this, done](ConfigVersion version) {
    if (!version || version == version_) return done();
    tried_ = version;
    at(version, [this, version, done](std::shared_ptr<config::Configuration> c) {
      if (c) {
        version_ = version;
        current_ = std::move(c);
        spdlog::info("configuration is current version={}", version.value);
      }
      done();
    });
  });
}

void LiveConfig::at(ConfigVersion version, std::function<void(std::shared_ptr<config::Configuration>)> done) {
  if (auto cached = cache_[version].lock()) return done(cached);
  house_.read(store::config_files(version), [this, version, done](const std::optional<std::string>& packed) {
    // Whoever asked first has evaluated it meanwhile: a dispatcher adopts many builds of one version at once.
    if (auto cached = cache_[version].lock()) return done(cached);
    auto files = config::unpack(packed.value_or(""));
    if (!files) {
      spdlog::error("configuration cannot be read version={} reason={}", version.value, files.error().text);
      return done(nullptr);
    }
    std::vector<config::Problem> problems;
    std::shared_ptr<config::Configuration> c = evaluate_(*files, problems);
    for (const auto& p : problems)
      spdlog::error("configuration has a mistake version={} place={} text={}", version.value, p.place,
                    p.text);
    cache_[version] = c;
    done(std::move(c));
  });
}

}  // namespace headrace::service
