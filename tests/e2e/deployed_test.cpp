// SPDX-License-Identifier: Apache-2.0
// The system as it is deployed: exactly the commands and the environment of deploy/systemd, with two
// dispatchers and three workers, on one Redis over TCP, everything on the network with CURVE.
#include <gtest/gtest.h>

#include <set>

#include "e2e/unit_file.hpp"
#include "http/client.hpp"
#include "json/value.hpp"
#include "support/free_port.hpp"
#include "support/headrace_up.hpp"
#include "support/redis_server.hpp"

namespace headrace::test {
namespace {

const std::string kUnits = HEADRACE_SOURCE_DIR "/deploy/systemd/";

// One host after `systemctl start headrace.target`.
class Site {
 public:
  Site() {
    write_file(etc() + "/headrace.lua",
               "worker \"w1\" {}\nworker \"w2\" {}\nworker \"w3\" {}\nhook.base {}\n"
               "builder \"hello\" { workers = \"w*\", max_builds_per_worker = 1,\n"
               "  steps = { step.shell \"greet\" { command = \"echo hello; sleep 0.5\" } } }\n"
               "scheduler.branch \"main\" { branch = \"main\", builders = \"hello\" }\n");
    // The example, with ports that are free here.
    auto env = read_file(kUnits + "headrace.env.example");
    for (const auto& [from, to] : std::map<std::string, std::string>{{":6379", ":" + redis_port_},
                                                                     {":9801", ":" + free_port()},
                                                                     {":9802", ":" + bus_port_},
                                                                     {":8010", ":" + web_port_},
                                                                     {":8011", ":" + intake_port_}})
      env = replace_all(env, from, to);
    write_file(etc() + "/headrace.env", env);
    must_run({HeadraceUp::binary("headrace"), "key", "new", etc() + "/site.key"});
    command({"apply", etc() + "/headrace.lua"});
  }

  std::string etc() const { return folder_ / "etc"; }
  std::string web() const { return "http://127.0.0.1:" + web_port_; }
  std::string intake() const { return "http://127.0.0.1:" + intake_port_; }
  std::string bus() const { return "tcp://127.0.0.1:" + bus_port_; }

  std::string command(std::vector<std::string> words) {
    words.insert(words.begin(), HeadraceUp::binary("headrace"));
    words.insert(words.end(),
                 {"--redis", "tcp://127.0.0.1:" + redis_port_, "--site-key", etc() + "/site.key"});
    auto out = must_run(words);
    if (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
  }

  void start(const std::string& unit, const std::string& instance = "") {
    const auto read =
        read_unit(kUnits + unit, instance, {HEADRACE_BIN_DIR, etc(), folder_ / "var", folder_ / "run"});
    std::filesystem::create_directories((folder_ / "run") + "/" + read.runtime_directory);
    // What systemd gives: a path, and nothing that is not in the unit.
    std::vector<std::string> words = {"/usr/bin/env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin"};
    for (const auto& [name, value] : read.environment) words.push_back(name + "=" + value);
    words.insert(words.end(), read.command.begin(), read.command.end());
    const auto name = unit + instance;
    programs_[name] = std::make_unique<Program>(std::move(words));
    sockets_[name] = (folder_ / "run") + "/" + read.runtime_directory + "/status.sock";
  }
  void stop(const std::string& name) {
    programs_.at(name)->signal(SIGTERM);
    EXPECT_EQ(programs_.at(name)->wait(30s), 0) << name << "\n" << programs_.at(name)->output();
  }
  void stop_all() {
    for (const auto& [name, program] : programs_)
      if (program->running()) stop(name);
  }

  bool healthy(const std::string& name) {
    if (!programs_.at(name)->running())
      throw std::runtime_error(name + " ended:\n" + programs_.at(name)->output());
    http::Call call;
    call.url = "http://localhost/healthz";
    call.unix_socket = sockets_.at(name);
    return http::call_and_wait(call).status == 200;
  }
  void wait_healthy() {
    for (const auto& [name, program] : programs_)
      wait_for(
          name, 60s, [&, &unit = name] { return healthy(unit); }, [this] { return said(); });
  }
  json::Value rest(const std::string& path) {
    http::Call call;
    call.url = web() + "/api/v2" + path;
    return json::parse(http::call_and_wait(call).body).value_or(json::Value{});
  }
  std::string said() const {
    std::string out;
    for (const auto& [name, program] : programs_) out += "--- " + name + "\n" + program->output();
    return out;
  }

 private:
  Folder folder_;
  std::string redis_port_ = free_port(), bus_port_ = free_port(), web_port_ = free_port(),
              intake_port_ = free_port();
  RedisServer redis_{{"--port", redis_port_, "--bind", "127.0.0.1"}};
  std::map<std::string, std::unique_ptr<Program>> programs_;
  std::map<std::string, std::string> sockets_;
};

TEST(Deployed, TwoDispatchersAndThreeWorkersFromTheUnitFiles) {
  Site site;
  const auto first = free_port(), second = free_port();
  for (const std::string worker : {"w1", "w2", "w3"})
    write_file(site.etc() + "/worker-" + worker + ".token",
               site.command({"worker", "add", worker, "--server", "tcp://127.0.0.1:" + first, "--server",
                             "tcp://127.0.0.1:" + second}));
  for (const std::string unit :
       {"headrace-bus.service", "headrace-changesource.service", "headrace-scheduler.service",
        "headrace-notifier.service", "headrace-web.service"})
    site.start(unit);
  for (const auto& port : {first, second}) site.start("headrace-dispatcher@.service", port);
  for (const std::string worker : {"w1", "w2", "w3"}) site.start("headrace-worker@.service", worker);
  site.wait_healthy();

  // The example of a program in another language, with the one word that `subscriber add` prints.
  const auto token = site.command({"subscriber", "add", "listener", "--server", site.bus()});
  Program subscriber({"/usr/bin/python3", HEADRACE_SOURCE_DIR "/examples/subscriber/subscriber.py", token});
  Program stranger(
      {"/usr/bin/python3", HEADRACE_SOURCE_DIR "/examples/subscriber/subscriber.py",
       must_run({"/usr/bin/python3", "-c",
                 "import base64,msgpack,zmq,sys\n"
                 "t=msgpack.unpackb(base64.urlsafe_b64decode(sys.argv[1]+'='*(-len(sys.argv[1])%4)))\n"
                 "p,s=zmq.curve_keypair()\n"
                 "t['public_key'],t['secret_key']=p.decode(),s.decode()\n"
                 "print(base64.urlsafe_b64encode(msgpack.packb(t)).decode().rstrip('='),end='')",
                 token})});

  http::Call hook;
  hook.method = "POST";
  hook.url = site.intake() + "/change_hook/base";
  hook.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  // A subscriber hears what comes after it has connected, so hooks are posted until it has heard of one.
  int posted = 0;
  wait_for(
      "build.finished at the subscriber", 60s,
      [&] {
        if (posted < 60 && site.rest("/builds?complete=true")["builds"].is_array() &&
            static_cast<int>(site.rest("/builds?complete=true")["builds"].as_array().size()) >= posted) {
          for (int i = 0; i < 6; ++i) {
            hook.body = form({{"author", "Ann"},
                              {"branch", "main"},
                              {"revision", std::to_string(++posted)},
                              {"comments", "c"},
                              {"files", "[]"}});
            const auto reply = http::call_and_wait(hook);
            EXPECT_EQ(reply.status / 100, 2) << reply.body << reply.error;
          }
        }
        return subscriber.output().find("build.finished.hello hello #") != std::string::npos;
      },
      [&] { return site.said() + subscriber.output(); });
  wait_for(
      "every build", 60s,
      [&] {
        const auto builds = site.rest("/builds?complete=true")["builds"];
        return builds.is_array() && static_cast<int>(builds.as_array().size()) == posted;
      },
      [&] { return site.said(); });
  std::set<std::int64_t> workers;
  const auto all = site.rest("/builds")["builds"].as_array();
  for (const auto& build : all) {
    EXPECT_EQ(build["results"].int_or(-1), 0) << json::write(build);
    workers.insert(build["workerid"].int_or(0));
  }
  EXPECT_EQ(workers.size(), 3u) << "six builds of half a second each need all three";
  EXPECT_EQ(stranger.output().find("build."), std::string::npos) << "its key was never allowed";

  // One dispatcher is enough: its workers find the other one.
  site.stop("headrace-dispatcher@.service" + first);
  hook.body = form({{"author", "Ann"},
                    {"branch", "main"},
                    {"revision", std::to_string(++posted)},
                    {"comments", "c"},
                    {"files", "[]"}});
  EXPECT_EQ(http::call_and_wait(hook).status / 100, 2);
  wait_for(
      "a build by the other dispatcher", 60s,
      [&] {
        const auto builds = site.rest("/builds?complete=true")["builds"];
        return builds.is_array() && static_cast<int>(builds.as_array().size()) == posted;
      },
      [&] { return site.said(); });
  site.stop_all();
}

TEST(Deployed, SystemdFindsNothingWrongWithTheUnits) {
  Folder folder;
  std::vector<std::string> words = {"systemd-analyze", "verify", "--man=no"};
  for (const auto& entry : std::filesystem::directory_iterator(kUnits)) {
    const auto extension = entry.path().extension();
    if (extension != ".service" && extension != ".target") continue;
    const auto text = replace_all(read_file(entry.path()), "/usr/bin/", HEADRACE_BIN_DIR "/");
    auto name = entry.path().filename().string();
    write_file(folder / name, text);
    // A template is verified as one of its instances.
    if (const auto at = name.find('@'); at != std::string::npos) name.insert(at + 1, "9989");
    if (name != entry.path().filename().string()) write_file(folder / name, text);
    words.push_back(folder / name);
  }
  ASSERT_GE(words.size(), 11u);
  const auto done = run(words);
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(done.out + done.err, "");
}

}  // namespace
}  // namespace headrace::test
