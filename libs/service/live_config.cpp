// SPDX-License-Identifier: Apache-2.0
#include "service/live_config.hpp"

#include "log/log.hpp"
#include "store/state/site.hpp"

namespace headrace::service {

void LiveConfig::refresh(std::function<void()> done) {
  std::erase_if(known_, [](const auto& one) { return one.second.configuration.expired(); });
  // Redis may have gone back since, and may have given a number to another configuration.
  for (auto& [version, known] : known_) known.checked = false;
  house_.read(store::config_version(), [this, done](ConfigVersion version) {
    tried_ = version;
    if (!version) {
      version_ = {};
      current_.reset();
      return done();
    }
    at(version, [this, version, done](std::shared_ptr<config::Configuration> c) {
      if (c && (c != current_ || version != version_)) {
        version_ = version;
        current_ = std::move(c);
        spdlog::info("configuration is current version={}", version.value);
      }
      done();
    });
  });
}

void LiveConfig::at(ConfigVersion version, std::function<void(std::shared_ptr<config::Configuration>)> done) {
  if (const auto& known = known_[version]; known.checked)
    if (auto c = known.configuration.lock()) return done(c);
  house_.read(store::config_files(version), [this, version, done](const std::optional<std::string>& packed) {
    // Whoever asked first has evaluated it meanwhile: a dispatcher adopts many builds of one version at once.
    auto& known = known_[version];
    if (packed == known.packed)
      if (auto c = known.configuration.lock()) {
        known.checked = true;
        return done(c);
      }
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
    known_[version] = {*packed, c, true};
    done(std::move(c));
  });
}

}  // namespace headrace::service
