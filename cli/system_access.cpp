// SPDX-License-Identifier: Apache-2.0
#include "cli/system_access.hpp"

#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "cli/command.hpp"
#include "service/key_file.hpp"

namespace headrace::cli {

json::Value ControlFile::to_json() const {
  return json::Object{{"redis", redis},
                      {"prefix", prefix},
                      {"durability", durability},
                      {"site_key", site_key},
                      {"web", web},
                      {"intake", intake},
                      {"workers", workers},
                      {"bus", bus},
                      {"runtime", runtime},
                      {"bus_subscribe", bus_subscribe}};
}

std::string control_path(const std::string& data) { return data + "/run/control"; }

Result<ControlFile> read_control_file(const std::string& data) {
  const auto path = control_path(data);
  std::ifstream in(path);
  if (!in)
    return fail("no running `headrace up` in " + data + " (" + path +
                " is not there or not yours); name its directory with --data, or Redis with --redis");
  std::stringstream text;
  text << in.rdbuf();
  const auto v = json::parse(text.str());
  if (!v || !(*v)["redis"].is_string()) return fail(path + " is damaged: expected what `headrace up` writes");
  ControlFile c;
  c.redis = (*v)["redis"].string_or("");
  c.prefix = (*v)["prefix"].string_or("{headrace}:");
  c.durability = (*v)["durability"].string_or("process");
  c.site_key = (*v)["site_key"].string_or("");
  c.web = (*v)["web"].string_or("");
  c.intake = (*v)["intake"].string_or("");
  c.workers = (*v)["workers"].string_or("");
  c.bus = (*v)["bus"].string_or("");
  c.bus_subscribe = (*v)["bus_subscribe"].string_or("");
  c.runtime = (*v)["runtime"].string_or("");
  return c;
}

void SystemAccess::add_options(arguments::Command& command) {
  command.option("--data", data_, "data directory of the running `headrace up`")
      .env("HEADRACE_DATA")
      .show_default();
  command.option("--redis", redis_, "Redis of services that run without `up`: unix:/path or tcp://host:port")
      .env("HEADRACE_REDIS");
  command.option("--prefix", prefix_, "prefix of all keys, with --redis")
      .env("HEADRACE_PREFIX")
      .show_default();
  command.option("--durability", durability_, "process, machine or replica, with --redis")
      .env("HEADRACE_DURABILITY")
      .one_of({"process", "machine", "replica"})
      .show_default();
  command.option("--site-key", site_key_, "file with the site's key pair, with --redis")
      .env("HEADRACE_SITE_KEY");
  command.option("--bus-subscribe", bus_subscribe_, "where the bus gives events, with --redis")
      .env("HEADRACE_BUS_SUBSCRIBE");
  command.option("--web-url", web_, "URL of headrace-web, with --redis").env("HEADRACE_WEB_URL");
}

const std::optional<ControlFile>& SystemAccess::file() {
  if (!asked_ && redis_.empty()) {
    auto read = read_control_file(data_);
    if (!read) throw std::runtime_error(read.error().text);
    file_ = std::move(*read);
  }
  asked_ = true;
  return file_;
}

store::Settings SystemAccess::store_settings() {
  const bool up = file().has_value();
  auto address = store::parse_address(up ? file_->redis : redis_);
  if (!address) throw UsageError("--redis: " + address.error().text);
  store::Settings out;
  out.address = std::move(*address);
  out.prefix = up ? file_->prefix : prefix_;
  const auto& durability = up ? file_->durability : durability_;
  out.durability = store::durability_of(durability).value_or(store::Durability::process);
  return out;
}

store::BlockingClient& SystemAccess::store() {
  if (!store_) {
    auto settings = store_settings();
    try {
      store_ = std::make_unique<store::BlockingClient>(std::move(settings));
    } catch (const std::runtime_error& e) {
      if (file_)
        throw std::runtime_error("`headrace up` in " + data_ + " does not answer (" + e.what() + ")");
      throw;
    }
    store_->load_functions();
    if (const auto why = store_->weakness(); !why.empty())
      std::cerr << "headrace: warning: " << why << std::endl;
  }
  return *store_;
}

store::BlockingClient& SystemAccess::reconnect() {
  store_.reset();
  file_.reset();
  asked_ = false;
  return store();
}

bus::KeyPair SystemAccess::site_key() {
  const auto path = file() ? file_->site_key : site_key_;
  if (path.empty())
    throw UsageError("the site's key is needed: name its file with --site-key (HEADRACE_SITE_KEY)");
  auto pair = service::read_key_file(path);
  if (!pair) throw std::runtime_error(pair.error().text);
  return *pair;
}

std::string SystemAccess::bus_subscribe() { return file() ? file_->bus_subscribe : bus_subscribe_; }
std::string SystemAccess::web() { return file() ? file_->web : web_; }

}  // namespace headrace::cli
