// SPDX-License-Identifier: Apache-2.0
// For tests: posts a request to one configured hook and takes the outcome apart.
#pragma once

#include <gtest/gtest.h>

#include "changesource/hooks/receive.hpp"

namespace headrace::changesource::hooks {

using Headers = std::vector<std::pair<std::string, std::string>>;

inline const WallTime kNow = from_ms(1'700'000'000'000);

struct Post {
  std::string dialect;
  Headers headers;
  std::string body;
  json::Object options;
  std::string query;
};

inline Outcome receive_post(const Post& post) {
  http::Request request;
  request.method = "POST";
  request.path = "/change_hook/" + post.dialect;
  request.target = request.path + (post.query.empty() ? "" : "?" + post.query);
  request.query = http::parse_form(post.query);
  request.headers = post.headers;
  request.body = post.body;
  return Hooks({config::Hook{post.dialect, post.options, "headrace.lua:1"}}).receive(request, kNow);
}

/// The delivery; a failure of the test, and an empty one, when the outcome is something else.
inline Delivery delivery_of(const Outcome& outcome) {
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) ADD_FAILURE() << "refused: " << refusal->text;
  if (std::holds_alternative<Questions>(outcome)) ADD_FAILURE() << "asks questions";
  const auto* delivery = std::get_if<Delivery>(&outcome);
  return delivery == nullptr ? Delivery{} : *delivery;
}

/// The refusal; a failure of the test when the outcome is something else, or no 4xx.
inline std::string refusal_of(const Outcome& outcome) {
  const auto* refusal = std::get_if<Refusal>(&outcome);
  if (refusal == nullptr) {
    ADD_FAILURE() << "not refused";
    return "";
  }
  EXPECT_GE(refusal->status, 400);
  EXPECT_LT(refusal->status, 500);
  EXPECT_NE(refusal->text, "");
  return refusal->text;
}

/// The values of a change's properties, all of which must be of source "Change".
inline json::Object values_of(const wire::Change& change) {
  json::Object out;
  for (const auto& [name, property] : change.properties) {
    EXPECT_EQ(property.source, "Change") << name;
    out[name] = property.value;
  }
  return out;
}

}  // namespace headrace::changesource::hooks
