// SPDX-License-Identifier: Apache-2.0
#include "changesource/intake.hpp"

#include <cctype>
#include <filesystem>

#include "changesource/pollers/process_runner.hpp"
#include "http/server_options.hpp"
#include "limits/limits.hpp"

namespace headrace::changesource {
namespace {

// A folder name from a poller's name: its safe characters, and enough of a hash to keep names apart. What is
// in the folder is a cache: another standard library, which hashes otherwise, begins with an empty one.
std::string folder_of(const std::string& name) {
  std::string out;
  for (const char c : name) out += std::isalnum(static_cast<unsigned char>(c)) || c == '-' ? c : '_';
  return out + "-" + std::to_string(std::hash<std::string>{}(name) % 1'000'000);
}

}  // namespace

Intake::Intake(service::ServiceRunner& runner, Settings settings)
    : ChangeSourceService(runner, static_cast<Surroundings&>(*this)),
      runner_(runner),
      settings_(std::move(settings)),
      client_(runner.io()) {}

void Intake::start() {
  ChangeSourceService::start();
  http::ServerOptions options;
  options.max_body_bytes = limits::kHookBodyBytes;
  server_ = std::make_unique<http::Server>(
      runner_.io(), settings_.intake,
      [this](http::Request request, std::shared_ptr<http::Responder> responder) {
        if (!hooks::is_hook_path(request.path)) return responder->send(runner_.answer_status(request));
        on_hook(request,
                [responder = std::move(responder)](http::Response r) { responder->send(std::move(r)); });
      },
      options);
}

void Intake::ask(http::Call call, std::function<void(http::Reply)> done) {
  client_.send(std::move(call), std::move(done));
}

std::unique_ptr<PollRunner> Intake::poll_runner(const std::string& poller) {
  return std::make_unique<ProcessRunner>(
      runner_.io(), std::filesystem::path(runner_.settings().data) / "pollers" / folder_of(poller));
}

}  // namespace headrace::changesource
