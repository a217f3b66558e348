// SPDX-License-Identifier: Apache-2.0
#include "cli/configuration_file.hpp"

#include <openssl/evp.h>

#include <array>
#include <iostream>

namespace headrace::cli {
namespace {

std::string sha256_hex(const std::string& bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), sum.data(), &size, EVP_sha256(), nullptr);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i) out += kHex[sum[i] >> 4], out += kHex[sum[i] & 15];
  return out;
}

}  // namespace

CheckedConfig check_config(const std::string& path) {
  CheckedConfig out;
  auto files = config::read_files(path);
  if (!files) {
    std::cerr << files.error().text << "\n";
    return out;
  }
  out.files = std::move(*files);
  std::vector<config::Problem> problems;
  out.configuration = config::Configuration::evaluate(out.files, problems);
  for (const auto& p : problems) std::cerr << p.place << ": " << p.text << "\n";
  if (!problems.empty())
    std::cerr << problems.size() << (problems.size() == 1 ? " mistake" : " mistakes") << " in " << path
              << "\n";
  return out;
}

store::Call apply_call(const CheckedConfig& checked) {
  const auto& site = checked.configuration->site();
  const auto packed = config::pack(checked.files);
  std::vector<std::string> names;
  for (const auto& b : site.builders) names.insert(names.end(), {"builder", b.name});
  for (const auto& w : site.workers) names.insert(names.end(), {"worker", w.name});
  for (const auto& s : site.schedulers) names.insert(names.end(), {"scheduler", s.name});
  for (const auto& p : site.pollers) names.insert(names.end(), {"changesource", p.name});
  store::Call call{"config_apply", {"-1", sha256_hex(packed), packed, std::to_string(names.size() / 2)}};
  call.args.insert(call.args.end(), names.begin(), names.end());
  return call;
}

std::string summary(const config::Site& site) {
  const auto count = [](std::size_t n, const std::string& word) {
    return std::to_string(n) + " " + word + (n == 1 ? "" : "s");
  };
  return count(site.builders.size(), "builder") + ", " + count(site.workers.size(), "worker") + ", " +
         count(site.schedulers.size(), "scheduler") + ", " +
         count(site.hooks.size() + site.pollers.size(), "change source") + ", " +
         count(site.reporters.size(), "reporter");
}

}  // namespace headrace::cli
