// SPDX-License-Identifier: Apache-2.0
#include "changesource/pollers/git/poll.hpp"
#include "git/address.hpp"
#include "json/value.hpp"

namespace headrace::changesource::git_poller {

std::string write_state(const PollState& state) {
  json::Object tips, gone;
  for (const auto& [ref, commit] : state.tips) tips.emplace(ref, commit);
  for (const auto& [ref, commit] : state.gone) gone.emplace(ref, commit);
  json::Object out{{"gone", std::move(gone)}, {"tips", std::move(tips)}, {"url", state.url}};
  if (!state.unread.empty()) out["unread"] = json::Array(state.unread.begin(), state.unread.end());
  return json::write(std::move(out));
}

Result<PollState> read_state(const std::string& text) {
  const auto value = json::parse(text);
  if (!value) return fail("state of a git poller: " + value.error().text);
  const auto& tips = (*value)["tips"];
  if (!tips.is_object() || !(*value)["url"].is_string()) {
    return fail("state of a git poller: expected {\"tips\": {…}, \"url\": …}, not " +
                git::without_passwords(text.substr(0, 100)));
  }
  PollState out;
  out.url = (*value)["url"].as_string();
  const auto read = [](const json::Value& from, std::map<std::string, std::string>& into) -> std::string {
    for (const auto& [ref, commit] : from.as_object()) {
      if (!commit.is_string()) return ref;
      into.emplace(ref, commit.as_string());
    }
    return "";
  };
  auto bad = read(tips, out.tips);
  const auto& gone = (*value)["gone"];
  if (bad.empty() && gone.is_object()) bad = read(gone, out.gone);
  if (const auto& unread = (*value)["unread"]; unread.is_array())
    for (const auto& ref : unread.as_array()) out.unread.insert(ref.string_or(""));
  if (!bad.empty()) return fail("state of a git poller: the commit of '" + bad + "' is no text");
  return out;
}

}  // namespace headrace::changesource::git_poller
