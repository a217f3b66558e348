// SPDX-License-Identifier: Apache-2.0
#include "config/vocabulary.hpp"

#include <algorithm>
#include <cctype>

#include "spelling/spelling.hpp"

namespace headrace::config {
namespace {

// Names that users of Lua and of Buildbot may look for, and that the sandbox does not have.
bool left_out(std::string_view word) {
  static const std::set<std::string_view> names = {
      "os",       "io",         "debug",       "coroutine",       "package",    "require",        "load",
      "loadfile", "loadstring", "dofile",      "print",           "warn",       "collectgarbage", "rawget",
      "rawset",   "_G",         "math.random", "math.randomseed", "string.dump"};
  return names.contains(word);
}

}  // namespace

bool Vocabulary::known(std::string_view word) const {
  if (words_.contains(word) || functions_.contains(word)) return true;
  const auto it = words_.lower_bound(std::string(word) + ".");
  return it != words_.end() && it->first.starts_with(std::string(word) + ".");
}

bool Vocabulary::is_later(std::string_view word) const {
  return later_.contains(word) || later_.contains(word.substr(0, word.find('.')));
}

std::string Vocabulary::variants(std::string_view kind) const {
  std::string all;
  for (const auto& [name, word] : words_)
    if (name.starts_with(std::string(kind) + ".")) all += (all.empty() ? "" : ", ") + name;
  return all;
}

std::string Vocabulary::advice(std::string_view word, const std::vector<std::string>& known_names) const {
  const std::string quoted = "'" + std::string(word) + "'";
  if (is_later(word)) return quoted + " is not yet supported";
  if (left_out(word) ||
      (word.find('.') != std::string_view::npos && left_out(word.substr(0, word.find('.')))))
    return quoted +
           " is not available here: a configuration gives the same in every process, without files, clock "
           "or random numbers";
  const std::string snake = snake_case(word);
  if (snake != word && (known(snake) || is_later(snake)))
    return quoted + " is written " + snake + " here" + (is_later(snake) ? ", and is not yet supported" : "");
  const auto dot = word.find('.');
  const std::string prefix = dot == std::string_view::npos ? "" : std::string(word.substr(0, dot + 1));
  std::vector<std::string> candidates;
  for (const auto& name : known_names) candidates.push_back(prefix + name);
  for (const auto& [name, entry] : words_) candidates.push_back(prefix.empty() ? entry.kind() : name);
  for (const auto& name : later_)
    if (prefix.empty() || name.starts_with(prefix)) candidates.push_back(name);
  for (const auto& name : functions_)
    if (prefix.empty()) candidates.push_back(name);
  return "unknown word " + quoted + spelling::did_you_mean(word, candidates);
}

std::string Vocabulary::meant(const Word& word, std::string_view field) const {
  const auto renamed = word.written.find(field);
  std::string ours = renamed != word.written.end() ? renamed->second : snake_case(field);
  if (word.fields.contains(ours) || word.later.contains(ours)) return ours;
  std::vector<std::string> candidates(word.later.begin(), word.later.end());
  for (const auto& [name, type] : word.fields) candidates.push_back(name);
  if (word.naming != Word::Naming::none) candidates.push_back("name");
  return spelling::nearest(field, candidates);
}

std::string Vocabulary::field_advice(const Word& word, const std::string& label,
                                     std::string_view field) const {
  const std::string quoted = "'" + std::string(field) + "'";
  if (word.later.contains(field)) return quoted + " of " + label + " is not yet supported";
  const std::string ours = meant(word, field);
  if (!ours.empty() && (word.written.contains(field) || snake_case(field) == ours))
    return quoted + " is written " + ours + " here" +
           (word.later.contains(ours) ? ", and is not yet supported (" : " (") + label + ")";
  return "unknown field " + quoted + " in " + label + (ours.empty() ? "" : ", did you mean '" + ours + "'?");
}

std::string snake_case(std::string_view name) {
  std::string snake;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    if (std::isupper(c) != 0) {
      // A run of capitals gets one underscore: "maxBuilds", "serverURL".
      if (i > 0 && name[i - 1] != '.' && std::isupper(static_cast<unsigned char>(name[i - 1])) == 0)
        snake += '_';
      snake += static_cast<char>(std::tolower(c));
    } else {
      snake += name[i];
    }
  }
  return snake;
}

}  // namespace headrace::config
