// SPDX-License-Identifier: Apache-2.0
#include "changesource/git_poller/poll.hpp"
#include "json/value.hpp"

namespace headrace::changesource::git_poller {

std::string write_state(const PollState& state) {
  json::Object tips;
  for (const auto& [ref, commit] : state.tips) tips.emplace(ref, commit);
  return json::write(json::Object{{"tips", std::move(tips)}, {"url", state.url}});
}

Result<PollState> read_state(const std::string& text) {
  const auto value = json::parse(text);
  if (!value) return fail("state of a git poller: " + value.error().text);
  const auto& tips = (*value)["tips"];
  if (!tips.is_object() || !(*value)["url"].is_string()) {
    return fail("state of a git poller: expected {\"tips\": {…}, \"url\": …}, not " + text.substr(0, 100));
  }
  PollState out;
  out.url = (*value)["url"].as_string();
  for (const auto& [ref, commit] : tips.as_object()) {
    if (!commit.is_string()) return fail("state of a git poller: the commit of '" + ref + "' is no text");
    out.tips.emplace(ref, commit.as_string());
  }
  return out;
}

}  // namespace headrace::changesource::git_poller
