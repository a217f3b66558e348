// SPDX-License-Identifier: Apache-2.0
#include "support/smtp_server.hpp"

#include <algorithm>
#include <stdexcept>

#include "support/wait.hpp"

namespace headrace::test {

void SmtpServer::start() {
  std::filesystem::remove(folder_ / "port");
  program_ = std::make_unique<Program>(std::vector<std::string>{
      "/usr/bin/python3", HEADRACE_SOURCE_DIR "/tests/support/smtp_server.py", port_, folder_.path()});
  wait_for("the SMTP server", std::chrono::seconds(30), [this] {
    if (!program_->running()) throw std::runtime_error("the SMTP server ended: " + program_->output());
    return std::filesystem::exists(folder_ / "port");
  });
  port_ = read_file(folder_ / "port");
}

std::vector<std::string> SmtpServer::mails() const {
  std::vector<std::string> names, out;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
    if (entry.path().extension() == ".eml") names.push_back(entry.path());
  std::sort(names.begin(), names.end());
  for (const auto& name : names) out.push_back(read_file(name));
  return out;
}

}  // namespace headrace::test
