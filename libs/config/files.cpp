// SPDX-License-Identifier: Apache-2.0
#include "config/files.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "config/interpreter.hpp"
#include "wire/codec.hpp"

namespace headrace::config {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxFileBytes = 16 << 20;

Result<std::string> read_file(const fs::path& path, const std::string& name) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (error && status.type() != fs::file_type::not_found)
    return fail("cannot read '" + name + "': " + error.message());
  if (status.type() == fs::file_type::not_found) return fail("there is no file '" + name + "'");
  if (!fs::is_regular_file(status)) return fail("'" + name + "' is no regular file");
  if (fs::file_size(path, error) > kMaxFileBytes) return fail("'" + name + "' is larger than 16 MiB");
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in) return fail("cannot read '" + name + "': " + std::strerror(errno != 0 ? errno : EIO));
  return text;
}

}  // namespace

Result<Files> read_files(const std::string& path) {
  fs::path main(path);
  std::error_code ignored;
  if (fs::is_directory(main, ignored)) main /= "headrace.lua";
  const fs::path folder = main.parent_path();
  Files files;
  files.main = main.filename().string();
  // The files have to be run to learn what they include. Their mistakes are reported by
  // Configuration::evaluate, not here.
  const Loader loader = [&](const std::string& name) -> Result<std::string> {
    auto text = read_file(folder / name, name);
    if (text) {
      files.texts[name] = *text;
    } else {
      files.unreadable[name] = text.error().text;
    }
    return text;
  };
  Problems problems;
  Interpreter(loader, problems).run(files.main);
  if (const auto why = files.unreadable.find(files.main); why != files.unreadable.end())
    return fail((folder.empty() ? "" : folder.string() + ": ") + why->second);
  return files;
}

std::string pack(const Files& files) {
  json::Object texts;
  for (const auto& [name, text] : files.texts) texts[name] = text;
  return wire::encode_value(json::Object{{"v", 1}, {"main", files.main}, {"texts", std::move(texts)}});
}

Result<Files> unpack(std::string_view bytes) {
  const auto value = wire::decode_value(bytes);
  if (!value) return fail("files of a configuration: " + value.error().text);
  if ((*value)["v"] != json::Value(1))
    return fail("files of a configuration: unknown version " + json::write((*value)["v"]));
  if (!(*value)["main"].is_string() || !(*value)["texts"].is_object())
    return fail("files of a configuration: 'main' or 'texts' is missing");
  Files files;
  files.main = (*value)["main"].as_string();
  for (const auto& [name, text] : (*value)["texts"].as_object()) {
    if (!text.is_string()) return fail("files of a configuration: '" + name + "' is no text");
    files.texts[name] = text.as_string();
  }
  return files;
}

}  // namespace headrace::config
