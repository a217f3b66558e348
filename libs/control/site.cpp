// SPDX-License-Identifier: Apache-2.0
#include "control/site.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "store/state/build.hpp"
#include "store/state/request.hpp"
#include "store/state/site.hpp"
#include "store/state/worker.hpp"

namespace headrace::control {
namespace {

constexpr std::int64_t kBuildsAtOnce = 200;

std::string sha256_hex(const std::string& bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), sum.data(), &size, EVP_sha256(), nullptr);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i) out += kHex[sum[i] >> 4], out += kHex[sum[i] & 15];
  return out;
}

std::optional<wire::Build> numbered(store::BlockingClient& store, const std::string& builder,
                                    std::int64_t number) {
  const auto is_it = [&](const wire::Build& b) { return b.builder == builder && b.number == number; };
  for (const auto& open : store.read(store::open_requests()).requests) {
    const auto& request = open.request;
    if (request.state != store::RequestState::running || request.builder != builder) continue;
    auto build = store.read(store::build(request.build));
    if (build && is_it(*build)) return build;
  }
  for (auto last = store.read(store::last_ids()).build; last.value > 0; last.value -= kBuildsAtOnce) {
    const BuildId first{std::max<std::int64_t>(1, last.value - kBuildsAtOnce + 1)};
    auto found = store.read(store::builds(first, last)).found;
    const auto it = std::find_if(found.rbegin(), found.rend(), is_it);
    if (it != found.rend()) return std::move(*it);
  }
  return std::nullopt;
}

}  // namespace

Outcome<Current> current_configuration(store::BlockingClient& store) {
  const auto version = store.read(store::config_version());
  if (!version) return refused("no configuration was applied yet: `headrace apply CONFIG`");
  const std::string name = "configuration " + std::to_string(version.value);
  auto files = config::unpack(store.read(store::config_files(version)).value_or(""));
  if (!files) return refused(name + " cannot be read: " + files.error().text);
  std::vector<config::Problem> problems;
  auto configuration = config::Configuration::evaluate(*files, problems);
  if (!configuration)
    return refused(name + " is not understood by this program: " +
                   (problems.empty() ? "no reason" : problems[0].place + ": " + problems[0].text));
  return Current{version, std::move(configuration)};
}

store::ConfigApply apply(const config::Files& files, const config::Site& site) {
  store::ConfigApply out;
  out.files = config::pack(files);
  out.digest = sha256_hex(out.files);
  const auto add = [&](store::NameKind kind, const auto& all) {
    for (const auto& one : all) out.names.emplace_back(kind, one.name);
  };
  add(store::NameKind::builder, site.builders);
  add(store::NameKind::worker, site.workers);
  add(store::NameKind::scheduler, site.schedulers);
  add(store::NameKind::changesource, site.pollers);
  return out;
}

Outcome<wire::Build> find_build(store::BlockingClient& store, const std::string& word) {
  const auto hash = word.rfind('#');
  const auto digits = hash == std::string::npos ? word : word.substr(hash + 1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number <= 0 || hash == 0)
    return wrong("'" + word + "' is no build: expected a build id like 17, or builder#number");
  auto build = hash == std::string::npos ? store.read(store::build(BuildId{number}))
                                         : numbered(store, word.substr(0, hash), number);
  if (!build) return refused("there is no build " + word);
  return std::move(*build);
}

std::vector<WorkerState> workers(store::BlockingClient& store, const config::Site& site) {
  std::map<std::string, WorkerState> all;
  for (const auto& declared : site.workers) {
    auto& w = all[declared.name];
    w.declared = true;
    w.embedded = declared.embedded;
    w.slots = declared.slots;
  }
  for (const auto& stored : store.read(store::workers())) {
    auto& w = all[stored.name];
    w.connected = stored.connected;
    w.busy = stored.busy_slots;
    if (stored.info) w.info = *stored.info;
  }
  std::vector<WorkerState> out;
  for (auto& [name, w] : all) {
    w.name = name;
    if (w.declared || w.connected) out.push_back(std::move(w));
  }
  return out;
}

}  // namespace headrace::control
