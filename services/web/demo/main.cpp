// SPDX-License-Identifier: Apache-2.0
// headrace-web-demo: the page with a made-up site whose builds go on, for work on the page. It needs neither
// Redis nor workers, and ends with SIGINT or SIGTERM.
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fstream>
#include <iostream>

#include "arguments/arguments.hpp"
#include "http/server.hpp"
#include "log/log.hpp"
#include "web/app/web_app.hpp"
#include "web/demo/player.hpp"

namespace {

using namespace headrace;

// Answers from the directory, so that a change of the page shows at the next reload without a build.
bool from_directory(const std::string& ui, const http::Request& q, http::Responder& r) {
  const std::string name = q.path == "/" ? "index.html" : q.path.substr(1);
  if (name.find('/') != std::string::npos) return false;
  std::ifstream in(ui + "/" + name, std::ios::binary);
  if (!in) return false;
  http::Response response;
  response.body.assign(std::istreambuf_iterator<char>(in), {});
  response.content_type = name.ends_with(".html")  ? "text/html; charset=utf-8"
                          : name.ends_with(".css") ? "text/css; charset=utf-8"
                          : name.ends_with(".svg") ? "image/svg+xml"
                                                   : "text/javascript; charset=utf-8";
  r.send(std::move(response));
  return true;
}

// Plays on four times a second, one batch at a time.
void go_on(boost::asio::steady_timer& timer, web::WebApp& app, web::demo::Player& player) {
  timer.expires_after(std::chrono::milliseconds(250));
  timer.async_wait([&](boost::system::error_code stopped) {
    if (stopped) return;
    const std::int64_t now = to_ms(wall_now());
    player.play_until(now);
    app.tick();
    app.apply(player.log.take(), player.growths(now), [&] { go_on(timer, app, player); });
  });
}

}  // namespace

int main(int argc, char** argv) {
  std::string listen = "127.0.0.1:8010", data, ui;
  int builds = 200;
  std::uint64_t seed = 7;
  std::int64_t long_log = 0;
  double speed = 8;
  bool still = false;
  arguments::Program command("headrace-web-demo", "Headrace's page with a made-up site");
  command.option("--listen", listen, "address of the page").show_default();
  command.option("--data", data, "directory to keep history and logs in; is overwritten").required();
  command.option("--builds", builds, "builds to begin with").show_default();
  command.option("--seed", seed, "of the random numbers").show_default();
  command.option("--speed", speed, "how much faster than real builds it goes on").show_default();
  command.option("--long-log", long_log, "lines of the first build's first step");
  command.option("--ui", ui, "take the page's files from this directory instead of the program");
  command.flag("--still", still, "nothing happens any more");
  if (const auto status = command.parse(argc, argv)) return *status;
  start_logging("web-demo", "info");

  // History, played backwards from now until it has the builds.
  std::filesystem::remove_all(data);
  const std::string logs = data + "/logs";
  const std::int64_t now = to_ms(wall_now());
  std::int64_t span = 3'600'000;
  {
    web::demo::Player trial(data + "/trial", now, seed, 1);
    for (span = 0; trial.builds() < builds; span += 60'000) trial.play_until(now + span);
    std::filesystem::remove_all(data + "/trial");
  }
  web::demo::Player player(logs, now - span, seed, 1);

  player.set_long_log(long_log);

  boost::asio::io_context io(1);
  web::WebApp app(io, {data + "/web/history.sqlite", logs}, &player, {});
  http::Server server(io, listen, [&](http::Request q, http::ResponderPtr r) {
    if (!ui.empty() && from_directory(ui, q, *r)) return;
    app.handle(std::move(q), std::move(r));
  });
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](auto, auto) { io.stop(); });
  boost::asio::steady_timer timer(io);
  app.set_site(std::make_shared<config::Site>(web::demo::site()), web::demo::names(), [&] {
    player.play_until(now);
    app.apply(player.log.take(), player.growths(now), [&] {
      std::cout << "http://" << server.address() << "/" << std::endl;
      player.set_pace(25);
      player.set_speed(speed);
      if (!still) go_on(timer, app, player);
    });
  });
  io.run();
}
