// SPDX-License-Identifier: Apache-2.0
#include "support/headrace_up.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace headrace::test {
namespace {

constexpr std::size_t kMaxSaid = 3000;  // bytes of each log in a failure's text

http::Call get(const std::string& url) {
  http::Call call;
  call.url = url;
  call.timeout = milliseconds{10'000};
  return call;
}

}  // namespace

HeadraceUp::HeadraceUp(const std::string& config, std::vector<std::string> more_arguments)
    : more_arguments_(std::move(more_arguments)) {
  write_config(config);
}

HeadraceUp::~HeadraceUp() {
  // A test that failed half-way must not leave processes: killed `up` takes them along.
  if (program_ && program_->running()) {
    program_->signal(SIGTERM);
    try {
      program_->wait(std::chrono::seconds(30));
    } catch (const std::runtime_error&) {
      kill();
    }
  }
}

std::string HeadraceUp::binary(const std::string& name) { return std::string(HEADRACE_BIN_DIR) + "/" + name; }

void HeadraceUp::spawn() {
  std::vector<std::string> words = {binary("headrace"),
                                    "up",
                                    config(),
                                    "--data",
                                    data(),
                                    "--web",
                                    "127.0.0.1:0",
                                    "--intake",
                                    "127.0.0.1:0",
                                    "--workers",
                                    "tcp://127.0.0.1:0",
                                    "--bus",
                                    "tcp://127.0.0.1:0"};
  words.insert(words.end(), more_arguments_.begin(), more_arguments_.end());
  program_ = std::make_unique<Program>(std::move(words));
}

void HeadraceUp::wait_up() {
  wait_for(
      "`headrace is up`", kLimit,
      [this] {
        if (("\n" + program_->output()).find("\nheadrace is up\n") != std::string::npos) return true;
        if (!program_->running()) throw std::runtime_error("headrace up ended:\n" + everything_said());
        return false;
      },
      [this] { return everything_said(); });
}

void HeadraceUp::start() {
  spawn();
  wait_up();
}

int HeadraceUp::stop() {
  program_->signal(SIGTERM);
  return program_->wait(kLimit);
}

void HeadraceUp::kill() {
  program_->signal(SIGKILL);
  program_->wait(kLimit);
}

pid_t HeadraceUp::pid_of(const std::string& child) const {
  const auto text = read_file(data() + "/run/" + child + ".pid");
  return text.empty() ? 0 : static_cast<pid_t>(std::stol(text));
}

void HeadraceUp::signal_child(const std::string& child, int number) {
  const auto pid = pid_of(child);
  if (!pid || ::kill(pid, number) != 0) throw std::runtime_error(child + " is not running");
}

pid_t HeadraceUp::wait_restarted(const std::string& child, pid_t old) {
  return wait_for(
      child + " to run again", kLimit,
      [&] {
        const auto pid = pid_of(child);
        return pid != old ? pid : 0;
      },
      [this] { return everything_said(); });
}

std::string HeadraceUp::control(const std::string& field) const {
  const auto value = json::parse(read_file(data() + "/run/control"));
  if (!value || !(*value)[field].is_string())
    throw std::runtime_error("DATA/run/control has no field " + field);
  return (*value)[field].as_string();
}
std::string HeadraceUp::web() const { return control("web"); }
std::string HeadraceUp::intake() const { return control("intake"); }

json::Value HeadraceUp::rest(const std::string& path) const {
  const auto url = web() + "/api/v2" + path;
  const auto reply = http::call_and_wait(get(url));
  if (reply.status != 200)
    throw std::runtime_error("GET " + url + ": " + std::to_string(reply.status) + " " + reply.body +
                             reply.error);
  auto value = json::parse(reply.body);
  if (!value) throw std::runtime_error("GET " + url + ": " + value.error().text + "\n" + reply.body);
  return std::move(*value);
}

json::Value HeadraceUp::try_rest(const std::string& path) const {
  const auto reply = http::call_and_wait(get(web() + "/api/v2" + path));
  if (reply.status != 200) return {};
  auto value = json::parse(reply.body);
  return value ? std::move(*value) : json::Value{};
}

http::Reply HeadraceUp::post(const std::string& url, const std::string& body,
                             const std::string& content_type) const {
  auto call = get(url);
  call.method = "POST";
  call.body = body;
  call.headers = {{"Content-Type", content_type}};
  return http::call_and_wait(call);
}

void HeadraceUp::post_change(const std::vector<std::pair<std::string, std::string>>& fields) const {
  const auto reply = post(intake() + "/change_hook/base", form(fields), "application/x-www-form-urlencoded");
  if (reply.status / 100 != 2)
    throw std::runtime_error("the hook answered " + std::to_string(reply.status) + " " + reply.body +
                             reply.error);
}

json::Value HeadraceUp::wait_build(const std::string& builder, int number, std::chrono::seconds limit) const {
  json::Value build;
  wait_for(
      "build " + builder + "#" + std::to_string(number), limit,
      [&] {
        const auto answer =
            try_rest("/builders/" + builder + "/builds/" + std::to_string(number) + "?property=*");
        if (!answer["builds"].is_array() || answer["builds"].as_array().empty()) return false;
        build = answer["builds"].as_array()[0];
        return build["complete"].bool_or(false);
      },
      [this] { return everything_said(); });
  return build;
}

json::Array HeadraceUp::wait_builds(std::size_t count, std::chrono::seconds limit) const {
  json::Array builds;
  wait_for(
      std::to_string(count) + " builds", limit,
      [&] {
        const auto answer = try_rest("/builds?order=buildid&limit=10000");
        const auto open = try_rest("/buildrequests?complete=false&limit=1");
        if (!answer["builds"].is_array() || !open["buildrequests"].is_array() ||
            !open["buildrequests"].as_array().empty())
          return false;
        builds = answer["builds"].as_array();
        return builds.size() >= count && std::all_of(builds.begin(), builds.end(), [](const auto& b) {
                 return b["complete"].bool_or(false);
               });
      },
      [this] { return everything_said(); });
  return builds;
}

std::string HeadraceUp::raw_log(std::int64_t build, const std::string& step, const std::string& slug) const {
  const auto ask = [&] {
    return http::call_and_wait(
        get(web() + "/api/v2/builds/" + std::to_string(build) + "/steps/" + step + "/logs/" + slug + "/raw"));
  };
  auto reply = ask();
  // web follows the event log, and may be a moment behind a command that has seen the end of the build.
  for (int tries = 0; reply.status == 404 && tries < 50; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    reply = ask();
  }
  if (reply.status != 200)
    throw std::runtime_error("raw log: " + std::to_string(reply.status) + " " + reply.body + reply.error);
  return reply.body;
}

Finished HeadraceUp::headrace(std::vector<std::string> words) const {
  words.insert(words.begin(), binary("headrace"));
  words.insert(words.end(), {"--data", data()});
  return run(words, folder_.path(), std::chrono::seconds(120));
}

std::string HeadraceUp::everything_said() const {
  std::string out = "--- headrace up ---\n" + (program_ ? program_->output() : "");
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(data() + "/log", error)) {
    auto text = read_file(entry.path());
    if (text.size() > kMaxSaid) text = "…" + text.substr(text.size() - kMaxSaid);
    out += "--- " + entry.path().filename().string() + " ---\n" + text;
  }
  return out;
}

std::string form(const std::vector<std::pair<std::string, std::string>>& fields) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  const auto encode = [](const std::string& text) {
    std::string out;
    for (const unsigned char c : text) {
      if (std::isalnum(c) || c == '-' || c == '_' || c == '.') {
        out += static_cast<char>(c);
      } else {
        out += '%', out += kHex[c >> 4], out += kHex[c & 15];
      }
    }
    return out;
  };
  std::string out;
  for (const auto& [name, value] : fields)
    out += (out.empty() ? "" : "&") + encode(name) + "=" + encode(value);
  return out;
}

}  // namespace headrace::test
