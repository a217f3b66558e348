// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/entrance.hpp"

#include <algorithm>
#include <chrono>

#include "limits/limits.hpp"
#include "log/log.hpp"

namespace headrace::dispatcher {
namespace {

std::size_t largest(std::string_view name) {
  if (name == wire::Hello::kName) return limits::kHelloBytes;
  if (name == wire::Report::kName) return limits::kWorkerFrame;
  if (name == wire::Question::kName) return limits::kQuestionBytes;
  return limits::kSmallMessage;
}

}  // namespace

bool Entrance::admits(const std::string& worker, std::string_view name, std::size_t size, MonoTime now) {
  const bool is_hello = name == wire::Hello::kName;
  if (is_hello) {
    const auto [it, added] = hellos_.try_emplace(worker, Hellos{limits::kHellosAtOnce, now});
    auto& hellos = it->second;
    const double passed = std::chrono::duration<double>(now - hellos.at).count();
    hellos.left = std::min(limits::kHellosAtOnce, hellos.left + passed * limits::kHellosPerSecond);
    hellos.at = now;
    if (hellos.left < 1) return false;
    hellos.left -= 1;
  }
  if (size <= largest(name)) return true;
  if (is_hello)
    spdlog::warn("hello is larger than it may be worker={} bytes={} most={}", worker, size, largest(name));
  return false;
}

std::string fault_in(const wire::Hello& hello) {
  std::size_t facts = hello.info.name.size() + hello.info.version.size();
  for (const auto& [name, value] : hello.info.facts) facts += name.size() + value.size();
  if (facts > limits::kFactsBytes)
    return "facts of " + std::to_string(facts) + " bytes, at most " + std::to_string(limits::kFactsBytes);
  if (hello.held.size() > limits::kHeldClaims)
    return std::to_string(hello.held.size()) + " builds, at most " + std::to_string(limits::kHeldClaims);
  return "";
}

}  // namespace headrace::dispatcher
