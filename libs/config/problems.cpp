// SPDX-License-Identifier: Apache-2.0
#include "config/problems.hpp"

#include <algorithm>

namespace headrace::config {
namespace {

class Finder {
 public:
  explicit Finder(const std::vector<LuaToken>& tokens) : tokens_(tokens) {}

  /// Finds the token after `word` ("step.git") on `line`; the end when the line does not hold the word.
  std::size_t after_word(int line, const std::string& word) const {
    const auto dot = word.find('.');
    const std::string kind = word.substr(0, dot),
                      variant = dot == std::string::npos ? "" : word.substr(dot + 1);
    for (std::size_t i = 0; i < tokens_.size() && tokens_[i].line <= line; ++i) {
      if (tokens_[i].line != line || !tokens_[i].is_name(kind)) continue;
      if (variant.empty()) return i + 1;
      if (is(i + 1, ".") && i + 2 < tokens_.size() && tokens_[i + 2].is_name(variant)) return i + 3;
    }
    return tokens_.size();
  }

  /// Finds the `{` of the fields behind token `i`, past a name and parentheses; the end when there is none.
  std::size_t table_from(std::size_t i) const {
    while (i < tokens_.size()) {
      if (is(i, "{")) return i;
      if (is(i, "(")) {
        if (is(i + 1, "{")) return i + 1;
        i = past(i);
      } else if (tokens_[i].kind == LuaToken::Kind::string) {
        ++i;
      } else {
        break;
      }
    }
    return tokens_.size();
  }

  /// Follows `path` from position `step` on, in the table whose `{` is at `open`.
  /// @return the first token of the entry; `otherwise` when the text of the table does not show the entry
  std::size_t entry(std::size_t open, const FieldPath& path, std::size_t step, std::size_t otherwise) const {
    int position = 0;
    for (std::size_t i = open + 1; i < tokens_.size() && !is(i, "}");) {
      const std::size_t first = i;
      std::string key;
      if (tokens_[i].kind == LuaToken::Kind::name && is(i + 1, "=")) {
        key = tokens_[i].text;
        i += 2;
      } else if (is(i, "[") && i + 3 < tokens_.size() && is(i + 2, "]") && is(i + 3, "=")) {
        key = tokens_[i + 1].text;
        i += 4;
      } else {
        ++position;
      }
      const bool named = i != first;
      const auto* name = std::get_if<std::string>(&path[step]);
      const bool wanted =
          name != nullptr ? named && key == *name : !named && position == std::get<int>(path[step]);
      if (wanted) return step + 1 < path.size() && is(i, "{") ? entry(i, path, step + 1, first) : first;
      while (i < tokens_.size() && !is(i, ",") && !is(i, ";") && !is(i, "}")) i = past(i);
      if (is(i, ",") || is(i, ";")) ++i;
    }
    return otherwise;
  }

 private:
  bool is(std::size_t i, std::string_view symbol) const {
    return i < tokens_.size() && tokens_[i].kind == LuaToken::Kind::symbol && tokens_[i].text == symbol;
  }

  /// The position behind token `i`, or behind the whole bracket or block that the token opens.
  std::size_t past(std::size_t i) const {
    int depth = 0;
    do {
      depth += tokens_[i].opens();
      ++i;
    } while (depth > 0 && i < tokens_.size());
    return i;
  }

  const std::vector<LuaToken>& tokens_;
};

}  // namespace

std::string place(const std::string& file, int line) {
  return line > 0 ? file + ":" + std::to_string(line) : file;
}

void Problems::add_file(const std::string& name, const std::string& text) {
  files_.try_emplace(name, static_cast<int>(files_.size()), text);
}

void Problems::add(const std::string& file, int line, std::string text) {
  const auto known = files_.find(file);
  const int order = known == files_.end() ? static_cast<int>(files_.size()) : known->second.first;
  auto& here = problems_[{{order, file}, line}];
  if (std::find(here.begin(), here.end(), text) == here.end()) here.push_back(std::move(text));
}

std::vector<Problem> Problems::in_order() const {
  std::vector<Problem> all;
  for (const auto& [where, texts] : problems_)
    for (const auto& text : texts) all.push_back({place(where.first.second, where.second), text});
  return all;
}

const std::vector<LuaToken>& Problems::tokens(const std::string& file) const {
  auto [it, added] = tokens_.try_emplace(file);
  const auto known = files_.find(file);
  if (added && known != files_.end()) it->second = lua_tokens(known->second.second);
  return it->second;
}

int Problems::line_of(const std::string& file, int line, const std::string& word,
                      const FieldPath& path) const {
  if (path.empty()) return line;
  const auto& all = tokens(file);
  const Finder finder(all);
  const std::size_t table = finder.table_from(finder.after_word(line, word));
  if (table >= all.size()) return line;
  const std::size_t found = finder.entry(table, path, 0, all.size());
  return found < all.size() ? all[found].line : line;
}

}  // namespace headrace::config
