// SPDX-License-Identifier: Apache-2.0
// One event as one line of JSON.
#pragma once

#include <string>

#include "wire/event.hpp"

namespace headrace::cli {

/// {"number", "tag", "topic", "at" (seconds), "ids", "body"}, without a newline.
std::string event_json(const wire::Event& event);

}  // namespace headrace::cli
