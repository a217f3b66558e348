// SPDX-License-Identifier: Apache-2.0
// A kind of reporter: how people or programs are told about finished builds. Each kind has a file of its own
// in this folder, and a folder of its name for what only it needs; the table of the kinds is in
// CMakeLists.txt.
//
// A kind is pure. It writes a message, which waits in the outbox of its reporter in Redis; it sends a message
// when the outbox says so, through a Transport. When, how often and how long is Outbox's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/configuration.hpp"
#include "notifier/build_report.hpp"
#include "notifier/message.hpp"
#include "notifier/sender.hpp"

namespace headrace::notifier {

/// Writes the message about a build; nothing when nobody is to get it.
/// @param complaints  sentences for the process log are appended
using Composer = std::function<std::optional<Message>(
    config::Configuration& configuration, const BuildReport& report, std::vector<std::string>& complaints)>;

struct ReporterKind {
  std::string_view name;             ///< as in reporter.<name>, and of its messages
  bool every_end_by_itself = false;  ///< a reporter without modes tells of every end, not of none
  /// Binds the options, once for a configuration. @param reporter  outlives the composer
  Composer (*composer)(const config::Reporter& reporter);
  /// @param transport  outlives the sender
  std::unique_ptr<Sender> (*sender)(const config::Options& options, Transport& transport);
  /// Equal texts: the same receiver, whose absence is remembered over a new configuration.
  std::string (*receiver)(const config::Options& options);
};

/// Generated from the table in CMakeLists.txt.
std::span<const ReporterKind* const> reporter_kinds();
const ReporterKind* find_reporter_kind(std::string_view name);  ///< null: there is no such kind

}  // namespace headrace::notifier
