// SPDX-License-Identifier: Apache-2.0
// The system as deploy/container starts it: the very commands, environments and scripts of compose.yaml, with
// three workers. Only what an engine would provide is put in their place: names of hosts, ports, and folders.
// (tests/containers builds the image and starts it with an engine.)
#include <gtest/gtest.h>

#include <set>

#include "http/client.hpp"
#include "json/value.hpp"
#include "support/free_port.hpp"
#include "support/headrace_up.hpp"

namespace headrace::test {
namespace {

const std::string kContainer = HEADRACE_SOURCE_DIR "/deploy/container/";

class Composed {
 public:
  Composed() {
    // Merge keys and anchors are YAML's business.
    file_ =
        json::parse(must_run({"/usr/bin/python3", "-c",
                              "import json,sys,yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))",
                              kContainer + "compose.yaml"}))
            .value();
    for (const std::string folder : {"keys", "tokens", "site", "redis", "work"})
      std::filesystem::create_directories(state() + "/" + folder);
    std::filesystem::create_directories(folder_ / "etc");
    std::filesystem::create_directories(folder_ / "libexec");
    write_file((folder_ / "etc") + "/headrace.lua", read_file(kContainer + "headrace.lua"));
    for (const std::string script : {"setup", "worker-entry"}) {
      const auto path = (folder_ / "libexec") + "/" + script;
      write_file(path, in_place(read_file(kContainer + script)));
      std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    }
  }

  // As the engine would: the command of the file, its environment, and nothing else.
  std::vector<std::string> command(const std::string& service) const {
    const auto& declared = file_["services"][service];
    std::vector<std::string> words = {"/usr/bin/env", "-i", "PATH=" HEADRACE_BIN_DIR ":/usr/bin:/bin"};
    for (const auto& [name, value] : declared["environment"].as_object())
      words.push_back(name + "=" + in_place(value.string_or("")));
    for (const auto& word : declared["command"].as_array()) words.push_back(in_place(word.string_or("")));
    if (service == "redis") words.insert(words.end(), {"--port", port(6379)});
    return words;
  }
  void start(const std::string& service, int instance = 1) {
    programs_[service + "-" + std::to_string(instance)] = std::make_unique<Program>(command(service));
  }
  Program& program(const std::string& name) { return *programs_.at(name); }
  void stop(const std::string& name) {
    program(name).signal(SIGTERM);
    EXPECT_EQ(program(name).wait(30s), 0) << name << "\n" << program(name).output();
    programs_.erase(name);
  }

  std::string state() const { return folder_ / "state"; }
  std::string port(int published) const { return ports_.at(published); }
  std::string url(int published) const { return "http://127.0.0.1:" + port(published); }
  std::string said() const {
    std::string out;
    for (const auto& [name, program] : programs_) out += "--- " + name + "\n" + program->output();
    return out;
  }

 private:
  std::string in_place(std::string text) const {
    for (const auto& [number, free] : ports_)
      for (const std::string host : {"redis", "bus", "dispatcher", "0.0.0.0"})
        text = replace_all(text, host + ":" + std::to_string(number), "127.0.0.1:" + free);
    text = replace_all(text, "0.0.0.0", "127.0.0.1");
    text = replace_all(text, "/etc/headrace", folder_ / "etc");
    text = replace_all(text, "/usr/libexec/headrace", folder_ / "libexec");
    return replace_all(text, "/var/lib/headrace", state());
  }

  Folder folder_;
  json::Value file_;
  std::map<int, std::string> ports_ = {{6379, free_port()}, {8010, free_port()}, {8011, free_port()},
                                       {9801, free_port()}, {9802, free_port()}, {9989, free_port()}};
  std::map<std::string, std::unique_ptr<Program>> programs_;
};

int status_of(const std::string& url) {
  http::Call call;
  call.url = url;
  return http::call_and_wait(call).status;
}

TEST(Composed, ThreeWorkersFromTheComposeFile) {
  Composed site;
  const auto said = [&] { return site.said(); };
  site.start("redis");
  wait_for(
      "redis", 30s,
      [&] {
        return run({"redis-cli", "-p", site.port(6379), "ping"}).out == "PONG\n";
      },
      said);

  // `setup` may run any number of times: what is there stays.
  must_run(site.command("setup"));
  const auto secrets = [&] {
    std::map<std::string, std::string> out;
    for (const std::string folder : {"keys", "tokens"})
      for (const auto& file : std::filesystem::directory_iterator(site.state() + "/" + folder))
        out[file.path().filename()] = read_file(file.path());
    return out;
  };
  const auto first = secrets();
  EXPECT_EQ(first.size(), 5u) << "the site's key, and tokens of four workers";
  must_run(site.command("setup"));
  EXPECT_EQ(secrets(), first);

  for (const std::string service : {"bus", "web", "changesource", "scheduler", "dispatcher", "notifier"})
    site.start(service);
  for (const int instance : {1, 2, 3}) site.start("worker", instance);
  for (const int port : {8010, 8011})
    wait_for(
        "health", 60s, [&] { return status_of(site.url(port) + "/healthz") == 200; }, said);

  const auto rest = [&](const std::string& path) {
    http::Call call;
    call.url = site.url(8010) + "/api/v2/" + path;
    return json::parse(http::call_and_wait(call).body).value_or(json::Value{});
  };
  const auto connected = [&] {
    std::set<std::string> names;
    const auto workers = rest("workers")["workers"];
    if (workers.is_array())
      for (const auto& worker : workers.as_array())
        if (worker["connected_to"].is_array() && !worker["connected_to"].as_array().empty())
          names.insert(worker["name"].string_or(""));
    return names;
  };
  wait_for(
      "three workers", 60s, [&] { return connected().size() == 3; }, said);

  http::Call hook;
  hook.method = "POST";
  hook.url = site.url(8011) + "/change_hook/base";
  hook.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  hook.body =
      form({{"author", "Ann"}, {"branch", "main"}, {"revision", "abc"}, {"comments", "c"}, {"files", "[]"}});
  ASSERT_EQ(http::call_and_wait(hook).status / 100, 2);
  wait_for(
      "the build", 60s,
      [&] {
        const auto builds = rest("builds?complete=true&results=0")["builds"];
        return builds.is_array() && builds.as_array().size() == 1;
      },
      said);

  // A container that goes leaves its token to the next one.
  site.stop("worker-2");
  wait_for(
      "one less", 60s, [&] { return connected().size() == 2; }, said);
  site.start("worker", 4);
  wait_for(
      "three again", 60s, [&] { return connected().size() == 3; }, said);

  // More of them than tokens: the one too many says so.
  site.start("worker", 5);
  wait_for(
      "all four", 60s, [&] { return connected().size() == 4; }, said);
  site.start("worker", 6);
  EXPECT_EQ(site.program("worker-6").wait(30s), 1);
  EXPECT_NE(site.program("worker-6").output().find("every token in"), std::string::npos)
      << site.program("worker-6").output();

  for (const int instance : {1, 3, 4, 5}) site.stop("worker-" + std::to_string(instance));
  for (const std::string service :
       {"notifier", "dispatcher", "scheduler", "changesource", "web", "bus", "redis"})
    site.stop(service + "-1");
}

}  // namespace
}  // namespace headrace::test
