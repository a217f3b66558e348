// SPDX-License-Identifier: Apache-2.0
#include "worker/core/step_words.hpp"

#include <algorithm>
#include <cctype>

#include "render/python_text.hpp"

namespace headrace::worker {
namespace {

void flatten(const json::Value& v, std::vector<std::string>& out) {
  if (v.is_array()) {
    for (const auto& x : v.as_array()) flatten(x, out);
  } else if (!v.is_null()) {
    out.push_back(render::python_str(v));
  }
}

}  // namespace

std::optional<std::string> short_command(const std::vector<std::string>& words) {
  if (words.empty()) return std::nullopt;
  std::string out = "'" + words[0];
  if (words.size() > 1) out += " " + words[1];
  if (words.size() > 2) out += " ...";
  return out + "'";
}

std::vector<std::string> command_words(const json::Value& command) {
  std::vector<std::string> words;
  if (!command.is_string()) {
    flatten(command, words);
    return words;
  }
  const std::string& text = command.as_string();
  for (std::size_t at = 0; at < text.size();) {
    const auto start = text.find_first_not_of(" \t\n\r", at);
    if (start == std::string::npos) break;
    const auto end = std::min(text.find_first_of(" \t\n\r", start), text.size());
    words.push_back(text.substr(start, end - start));
    at = end;
  }
  return words;
}

std::string joined(const json::Value& description) {
  std::vector<std::string> words;
  flatten(description, words);
  std::string out;
  for (const auto& w : words) out += (out.empty() ? "" : " ") + w;
  return out;
}

std::string result_suffix(Results results, bool timed_out, bool max_lines_reached) {
  if (results == Results::success) return "";
  std::string out = " (" + std::string(results_name(results)) + ")";
  if (timed_out) {
    out += " (timed out)";
  } else if (max_lines_reached) {
    out += " (max lines reached)";
  }
  return out;
}

std::string identifier(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, 50)) {
    const bool good = std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
    out += good ? c : '_';
  }
  if (out.empty() || std::isdigit(static_cast<unsigned char>(out[0]))) out.insert(0, "_");
  return out.substr(0, 50);
}

}  // namespace headrace::worker
