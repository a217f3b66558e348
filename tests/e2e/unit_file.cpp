// SPDX-License-Identifier: Apache-2.0
#include "e2e/unit_file.hpp"

#include <sstream>
#include <stdexcept>

#include "support/program.hpp"

namespace headrace::test {
namespace {

std::string in_place(std::string text, const Places& places) {
  text = replace_all(text, "/usr/bin/", places.bin + "/");
  text = replace_all(text, "/etc/headrace", places.etc);
  return replace_all(text, "/var/lib", places.state);
}

std::string expand(const std::string& text, const std::string& instance, const Places& places,
                   const std::string& path) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    switch (i + 1 < text.size() ? text[++i] : '\0') {
      case 'i':
        out += instance;
        break;
      case 't':
        out += places.runtime;
        break;
      case 'S':
        out += places.state;
        break;
      case '%':
        out += '%';
        break;
      default:
        throw std::runtime_error(path + ": unknown specifier in '" + text + "'");
    }
  }
  return out;
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

void put(std::map<std::string, std::string>& environment, const std::string& assignment) {
  const auto at = assignment.find('=');
  if (at != std::string::npos) environment[assignment.substr(0, at)] = assignment.substr(at + 1);
}

}  // namespace

UnitFile read_unit(const std::string& path, const std::string& instance, const Places& places) {
  UnitFile out;
  std::map<std::string, std::string> own;
  std::istringstream in(read_file(path));
  for (std::string line; std::getline(in, line);) {
    const auto at = line.find('=');
    if (line.empty() || line[0] == '#' || line[0] == '[' || at == std::string::npos) continue;
    const auto key = line.substr(0, at);
    if (key != "ExecStart" && key != "Environment" && key != "EnvironmentFile" && key != "RuntimeDirectory")
      continue;
    const auto value = expand(in_place(line.substr(at + 1), places), instance, places, path);
    if (key == "ExecStart") out.command = words(value);
    if (key == "RuntimeDirectory") out.runtime_directory = value;
    if (key == "Environment")
      for (const auto& word : words(value)) put(own, word);
    if (key == "EnvironmentFile") {
      std::istringstream file(read_file(value));
      for (std::string entry; std::getline(file, entry);)
        if (!entry.empty() && entry[0] != '#') put(out.environment, in_place(entry, places));
    }
  }
  if (out.command.empty()) throw std::runtime_error(path + ": no ExecStart");
  // systemd lets the file win over the unit.
  for (const auto& [name, value] : own) out.environment.emplace(name, value);
  return out;
}

}  // namespace headrace::test
