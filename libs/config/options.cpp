// SPDX-License-Identifier: Apache-2.0
#include "config/options.hpp"

#include <stdexcept>

#include "config/vocabulary.hpp"

namespace headrace::config {

void read_option(const json::Value& value, TextOrFunction& to) {
  if (value.is_string()) {
    to = {value.as_string(), 0};
  } else {
    to = {"", value["$question"].as_int()};
  }
}

void Options::must_know(std::string_view name) const {
  if (word_ == nullptr) return;
  const auto field = word_->fields.find(name);
  if (field == word_->fields.end() || !field->second.is_option())
    throw std::logic_error(word_->name + " has no option '" + std::string(name) + "'");
}

}  // namespace headrace::config
