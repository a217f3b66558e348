// SPDX-License-Identifier: Apache-2.0
#include "store/durability.hpp"

#include <algorithm>
#include <array>

#include "store/fields.hpp"

namespace headrace::store {
namespace {

constexpr std::array<std::string_view, 4> kNames{"memory", "process", "machine", "replica"};

// The value of a line "name:value" of INFO; "" when there is none.
std::string_view field(std::string_view info, std::string_view name) {
  for (std::size_t at = 0; at < info.size();) {
    const auto end = std::min(info.find('\n', at), info.size());
    auto line = info.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ':')
      return line.substr(name.size() + 1);
    at = end + 1;
  }
  return {};
}

std::int64_t number(std::string_view info, std::string_view name) {
  return number_in(std::string(field(info, name)));
}

std::string write_error(std::string_view info) {
  if (field(info, "aof_last_write_status") != "err") return "";
  return "Redis cannot write its append-only file (is its disk full?): what it answers now may be lost";
}

}  // namespace

std::string_view durability_name(Durability durability) { return kNames[static_cast<int>(durability)]; }

std::optional<Durability> durability_of(std::string_view word) {
  for (const auto known : {Durability::process, Durability::machine, Durability::replica})
    if (durability_name(known) == word) return known;
  return std::nullopt;
}

std::vector<Words> persistence_questions() {
  return {{"INFO", "persistence", "memory", "replication"},
          {"CONFIG", "GET", "appendfsync", "no-appendfsync-on-rewrite"}};
}

Persistence read_persistence(const std::vector<RedisReply>& answers) {
  Persistence out;
  const auto& info = answers.at(0);
  if (!info.is_error() && !field(info.text, "aof_enabled").empty()) {
    out.known = true;
    out.append_only = field(info.text, "aof_enabled") == "1";
    out.rewriting = field(info.text, "aof_rewrite_in_progress") == "1" ||
                    field(info.text, "aof_rewrite_scheduled") == "1";
    out.write_error = write_error(info.text);
    out.evicts_by = field(info.text, "maxmemory_policy");
    out.evicts = number(info.text, "maxmemory") > 0 && out.evicts_by != "noeviction";
    out.is_replica = field(info.text, "role") == "slave";
    out.replicas = number(info.text, "connected_slaves");
  }
  if (!answers.at(1).is_error()) {
    for (const auto& [name, value] : Fields(answers.at(1))) {
      if (name == "appendfsync") out.fsync = value;
      if (name == "no-appendfsync-on-rewrite") out.syncs_always = value != "yes";
    }
  }
  return out;
}

std::string why_too_weak(const Persistence& found, Durability promised, bool file_was_off) {
  if (promised == Durability::memory) return "";
  const std::string needs = ": durability " + std::string(durability_name(promised)) + " needs ";
  if (found.known && !found.append_only) return "Redis has appendonly no" + needs + "yes";
  if (found.known && file_was_off && found.rewriting)
    return "Redis is still writing its first append-only file";
  if (found.evicts)
    return "Redis has maxmemory-policy " + found.evicts_by + " and drops keys when memory is short" + needs +
           "noeviction";
  if (promised == Durability::process) return "";
  if (!found.fsync.empty() && found.fsync != "always")
    return "Redis has appendfsync " + found.fsync + needs + "always";
  if (!found.syncs_always) return "Redis has no-appendfsync-on-rewrite yes" + needs + "no";
  if (promised == Durability::replica && found.known && !found.is_replica && found.replicas == 0)
    return "Redis has no replica that is connected" + needs + "one";
  return "";
}

FileLook::Found FileLook::look(const RedisReply& info) {
  // A Redis that does not say is believed.
  if (info.is_error() || field(info.text, "aof_enabled").empty()) return Found::written;
  if (field(info.text, "aof_enabled") != "1") return Found::none;
  why_ = write_error(info.text);
  if (!why_.empty()) return Found::failed;
  // What was executed before this look, and is not in the file, is in the buffer.
  const auto buffered = number(info.text, "aof_buffer_length");
  const Position now{number(info.text, "aof_base_size"), number(info.text, "aof_current_size")};
  if (buffered == 0) return Found::written;
  if (goal_ && goal_->base == now.base && now.size >= goal_->size) return Found::written;
  if (!goal_ || goal_->base != now.base) goal_ = Position{now.base, now.size + buffered};
  return Found::not_yet;
}

}  // namespace headrace::store
