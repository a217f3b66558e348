// SPDX-License-Identifier: Apache-2.0
#include "changesource/hooks/payload.hpp"

#include "changesource/hooks/timestamp.hpp"
#include "render/python_text.hpp"

namespace headrace::changesource::hooks {
namespace {

const json::Value kNull;

std::string shortened(const json::Value& value) {
  std::string text = json::write(value);
  if (text.size() > 100) text = json::valid_utf8(text.substr(0, 100)) + "…";
  return text;
}

}  // namespace

void Payload::complain(std::string problem) {
  if (problem_.empty()) problem_ = std::move(problem);
}

const json::Value& Payload::need(std::string_view path) {
  const json::Value* value = &root_;
  std::string_view rest = path;
  while (true) {
    const auto dot = rest.find('.');
    const auto key = rest.substr(0, dot);
    if (!value->is_object() || value->as_object().find(key) == value->as_object().end()) {
      complain("the payload has no '" + std::string(path) + "'");
      return kNull;
    }
    value = &(*value)[key];
    if (dot == std::string_view::npos) return *value;
    rest.remove_prefix(dot + 1);
  }
}

std::string Payload::text(std::string_view path) {
  const auto& value = need(path);
  if (value.is_string()) return value.as_string();
  complain("'" + std::string(path) + "' is a text, not " + shortened(value));
  return "";
}

std::string Payload::printed(std::string_view path) { return render::python_str(need(path)); }

std::int64_t Payload::time_ms(std::string_view path) {
  const std::string value = text(path);
  const auto time = parse_timestamp(value);
  if (time) return to_ms(*time);
  complain("'" + std::string(path) + "': " + time.error().text);
  return 0;
}

std::optional<std::string> Payload::optional_text(std::string_view path) const {
  const auto& value = root_.at_path(path);
  if (value.is_string()) return value.as_string();
  return std::nullopt;
}

void Payload::append_texts(std::string_view path, std::vector<std::string>& out) {
  const auto& list = root_.at_path(path);
  if (list.is_null()) return;
  if (!list.is_array()) return complain("'" + std::string(path) + "' is a list, not " + shortened(list));
  for (const auto& element : list.as_array()) {
    if (!element.is_string()) {
      return complain("'" + std::string(path) + "' is a list of texts, not with " + shortened(element));
    }
    out.push_back(element.as_string());
  }
}

std::string person(Payload& payload, const std::string& path) {
  return payload.printed(path + ".name") + " <" + payload.printed(path + ".email") + ">";
}

}  // namespace headrace::changesource::hooks
