// SPDX-License-Identifier: Apache-2.0
#include "service/live_config.hpp"

#include "log/log.hpp"

namespace headrace::service {

void LiveConfig::refresh(std::function<void()> done) {
  house_.command({"HGET", house_.keys()("config"), "version"}, [this, done](store::RedisReply r) {
    const ConfigVersion version{r.text.empty() ? 0 : std::stoll(r.text)};
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
  const auto key = house_.keys()("config:" + std::to_string(version.value));
  house_.command({"GET", key}, [this, version, done](store::RedisReply r) {
    auto files = config::unpack(r.text);
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
