// SPDX-License-Identifier: Apache-2.0
#include "cli/state.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <stdexcept>

#include "cli/command.hpp"
#include "wire/codec.hpp"

namespace headrace::cli {
namespace {

store::RedisReply ask(store::BlockingClient& store, const std::vector<std::string>& words) {
  auto r = store.command(words);
  if (r.is_error()) throw std::runtime_error("Redis: " + r.text);
  return r;
}

std::optional<wire::Build> running_build(store::BlockingClient& store, std::int64_t id) {
  const auto r = ask(store, {"HGETALL", store.keys()("build:" + std::to_string(id))});
  if (r.items.empty()) return std::nullopt;
  std::map<std::string, std::string> fields;
  for (std::size_t i = 0; i + 1 < r.items.size(); i += 2) fields[r.items[i].text] = r.items[i + 1].text;
  auto build = wire::decode<wire::Build>(fields["body"]);
  if (!build) throw std::runtime_error("build " + std::to_string(id) + ": " + build.error().text);
  build->id = {id};
  build->number = number_of(fields["number"]);
  build->attempt = static_cast<int>(number_of(fields["attempt"]));
  build->started_ms = number_of(fields["at"]);
  if (fields.count("properties")) {
    if (auto p = wire::decode<wire::Build>(fields["properties"])) build->properties = p->properties;
  }
  build->steps.clear();
  for (const auto& [name, value] : fields) {
    if (!name.starts_with("step:")) continue;
    auto step = wire::decode<wire::StepRecord>(value);
    if (step) build->steps.push_back(std::move(*step));
  }
  std::sort(build->steps.begin(), build->steps.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  return std::move(*build);
}

std::optional<wire::Build> finished_build(std::int64_t id, const std::string& blob) {
  // [number, request, attempt, started, complete, results, body], build.lua
  const auto v = wire::decode_value(blob);
  if (!v || !v->is_array() || v->as_array().size() != 7) return std::nullopt;
  const auto& a = v->as_array();
  auto build = wire::decode<wire::Build>(a[6].string_or(""));
  if (!build) throw std::runtime_error("build " + std::to_string(id) + ": " + build.error().text);
  build->id = {id};
  build->number = a[0].int_or(0);
  build->request = {a[1].int_or(0)};
  build->attempt = static_cast<int>(a[2].int_or(0));
  build->started_ms = a[3].int_or(0);
  build->complete_ms = a[4].int_or(0);
  build->results = results_from_int(a[5].int_or(-1));
  return std::move(*build);
}

}  // namespace

std::int64_t number_of(const std::string& text) {
  std::int64_t n = 0;
  const auto r = std::from_chars(text.data(), text.data() + text.size(), n);
  return r.ec == std::errc() && r.ptr == text.data() + text.size() ? n : 0;
}

std::string text_of(store::BlockingClient& store, const std::vector<std::string>& words) {
  return ask(store, words).text;
}

std::optional<Request> read_request(store::BlockingClient& store, std::int64_t id) {
  const auto r = ask(store, {"HMGET", store.keys()("request:" + std::to_string(id)), "state", "builder",
                             "worker", "build", "bsid", "priority", "at", "results"});
  if (r.items.size() != 8 || r.items[0].text.empty()) return std::nullopt;
  Request out;
  out.id = id;
  out.state = r.items[0].text;
  out.builder = r.items[1].text;
  if (out.state == "offered" || out.state == "running") out.worker = r.items[2].text;
  out.build = number_of(r.items[3].text);
  out.buildset = number_of(r.items[4].text);
  out.priority = number_of(r.items[5].text);
  out.submitted_ms = number_of(r.items[6].text);
  if (out.state == "complete") out.results = number_of(r.items[7].text);
  return out;
}

std::vector<Request> open_requests(store::BlockingClient& store) {
  std::vector<Request> out;
  for (const auto& id : ask(store, {"ZRANGE", store.keys()("open"), "0", "-1"}).items)
    if (auto request = read_request(store, number_of(id.text))) out.push_back(std::move(*request));
  return out;
}

std::optional<wire::Build> read_build(store::BlockingClient& store, std::int64_t id) {
  if (auto running = running_build(store, id)) return running;
  const auto blob = ask(store, {"HGET", store.keys()("builds"), std::to_string(id)});
  if (blob.text.empty()) return std::nullopt;
  return finished_build(id, blob.text);
}

std::optional<wire::Build> find_build(store::BlockingClient& store, const std::string& builder,
                                      std::int64_t number) {
  constexpr std::int64_t kAtOnce = 200;
  for (const auto& request : open_requests(store)) {
    if (request.state != "running" || request.builder != builder) continue;
    auto build = read_build(store, request.build);
    if (build && build->number == number) return build;
  }
  for (auto id = number_of(text_of(store, {"HGET", store.keys()("ids"), "build"})); id > 0; id -= kAtOnce) {
    std::vector<std::string> words = {"HMGET", store.keys()("builds")};
    const auto least = std::max<std::int64_t>(1, id - kAtOnce + 1);
    for (auto i = id; i >= least; --i) words.push_back(std::to_string(i));
    const auto blobs = ask(store, words);
    for (std::size_t i = 0; i < blobs.items.size(); ++i) {
      if (blobs.items[i].text.empty()) continue;
      auto build = finished_build(id - static_cast<std::int64_t>(i), blobs.items[i].text);
      if (build && build->builder == builder && build->number == number) return build;
    }
  }
  return std::nullopt;
}

wire::Build build_of_word(store::BlockingClient& store, const std::string& word) {
  const auto hash = word.rfind('#');
  const auto number = number_of(hash == std::string::npos ? word : word.substr(hash + 1));
  if (number <= 0 || hash == 0)
    throw UsageError("'" + word + "' is no build: expected a build id like 17, or builder#number");
  auto build =
      hash == std::string::npos ? read_build(store, number) : find_build(store, word.substr(0, hash), number);
  if (!build) throw std::runtime_error("there is no build " + word);
  return std::move(*build);
}

}  // namespace headrace::cli
