// SPDX-License-Identifier: Apache-2.0
#include "duration/duration.hpp"

#include <charconv>
#include <cmath>
#include <map>

namespace headrace::duration {
namespace {

constexpr double kLongestMs = 1e13;  // three hundred years: no sum of times overflows

}  // namespace

std::optional<milliseconds> from_seconds(double number) {
  const double ms = std::round(number * 1000);
  if (!std::isfinite(ms) || ms < 0 || ms > kLongestMs) return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(ms));
}

std::optional<milliseconds> parse(std::string_view text) {
  static const std::map<std::string_view, double> kUnits = {{"ms", 0.001}, {"s", 1},      {"m", 60},
                                                            {"h", 3600},   {"d", 86'400}, {"w", 604'800}};
  const auto digits = text.find_first_not_of("0123456789.");
  if (digits == std::string_view::npos || digits == 0) return std::nullopt;
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + digits, number, std::chars_format::fixed);
  const auto unit = kUnits.find(text.substr(digits));
  if (error != std::errc() || end != text.data() + digits || unit == kUnits.end()) return std::nullopt;
  return from_seconds(number * unit->second);
}

}  // namespace headrace::duration
