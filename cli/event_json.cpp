// SPDX-License-Identifier: Apache-2.0
#include "cli/event_json.hpp"

#include "wire/codec.hpp"

namespace headrace::cli {

std::string event_json(const wire::Event& event) {
  json::Object ids;
  for (const auto& [name, value] : event.ids) ids[name] = value;
  json::Value body;
  if (!event.body.empty())
    if (auto decoded = wire::decode_value(event.body)) body = std::move(*decoded);
  return json::write(json::Object{{"number", event.number.value},
                                  {"tag", event.tag},
                                  {"topic", event.topic},
                                  {"at", static_cast<double>(event.at_ms) / 1000},
                                  {"ids", std::move(ids)},
                                  {"body", std::move(body)}});
}

}  // namespace headrace::cli
