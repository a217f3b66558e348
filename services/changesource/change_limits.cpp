// SPDX-License-Identifier: Apache-2.0
#include "changesource/change_limits.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "json/value.hpp"
#include "limits/limits.hpp"

namespace headrace::changesource {
namespace {

constexpr std::string_view kCut = "…";

bool cut(std::string& text, std::size_t max) {
  if (text.size() <= max) return false;
  std::size_t end = max - kCut.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  text += kCut;
  text.shrink_to_fit();
  return true;
}

bool cut(std::optional<std::string>& text, std::size_t max) { return text && cut(*text, max); }

bool cut_files(std::vector<std::string>& files) {
  constexpr std::size_t kEach = 3;  // beside its bytes, as it is stored
  std::size_t bytes = 0, kept = 0;
  for (; kept < files.size() && kept < limits::kChangeFileCount; ++kept) {
    bytes += files[kept].size() + kEach;
    if (bytes > limits::kChangeFiles) break;
  }
  if (kept == files.size()) return false;
  files.resize(kept);
  files.shrink_to_fit();
  return true;
}

std::size_t size_of(const Properties::value_type& entry) {
  return entry.first.size() + entry.second.source.size() + json::write(entry.second.value).size();
}

bool cut_properties(Properties& properties) {
  std::size_t all = 0;
  std::vector<std::pair<std::size_t, std::string>> sizes;
  for (const auto& entry : properties) {
    sizes.emplace_back(size_of(entry), entry.first);
    all += sizes.back().first;
  }
  if (all <= limits::kChangeProperties) return false;
  std::sort(sizes.rbegin(), sizes.rend());
  for (const auto& [size, name] : sizes) {
    if (all <= limits::kChangeProperties) break;
    all -= size;
    properties.erase(name);
  }
  return true;
}

}  // namespace

std::string shorten(wire::Change& change) {
  std::string out;
  const auto note = [&out](bool shortened, const char* what) {
    if (shortened) out += (out.empty() ? "" : ", ") + std::string(what);
  };
  note(cut(change.comments, limits::kChangeComments), "comments");
  note(cut_files(change.files), "files");
  note(cut_properties(change.properties), "properties");
  note(cut(change.author, limits::kChangeText), "author");
  note(cut(change.committer, limits::kChangeText), "committer");
  note(cut(change.revision, limits::kChangeText), "revision");
  note(cut(change.branch, limits::kChangeText), "branch");
  note(cut(change.category, limits::kChangeText), "category");
  note(cut(change.revlink, limits::kChangeText), "revlink");
  note(cut(change.repository, limits::kChangeText), "repository");
  note(cut(change.project, limits::kChangeText), "project");
  note(cut(change.codebase, limits::kChangeText), "codebase");
  return out;
}

}  // namespace headrace::changesource
