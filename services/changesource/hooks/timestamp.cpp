// SPDX-License-Identifier: Apache-2.0
#include "changesource/hooks/timestamp.hpp"

#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>

namespace headrace::changesource::hooks {
namespace {

// Reads a text from the left; every step says whether it was there.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool one_of(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return false;
    last_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  char last() const { return last_; }
  bool word(std::string_view w) {
    if (rest_.substr(0, w.size()) != w) return false;
    rest_.remove_prefix(w.size());
    return true;
  }
  void blanks() {
    while (one_of(" ")) {
    }
  }
  /// Exactly `digits` decimal digits.
  bool number(int digits, int& out) {
    if (rest_.size() < static_cast<std::size_t>(digits)) return false;
    const auto field = rest_.substr(0, digits);
    if (field.find_first_not_of("0123456789") != std::string_view::npos) return false;
    std::from_chars(field.data(), field.data() + field.size(), out);
    rest_.remove_prefix(digits);
    return true;
  }
  /// Any number of digits behind a decimal point, cut to milliseconds.
  int milliseconds_part() {
    int out = 0, scale = 100;
    while (one_of("0123456789")) {
      out += (last_ - '0') * scale;
      scale /= 10;
    }
    return out;
  }

 private:
  std::string_view rest_;
  char last_ = 0;
};

// The zone at the end of a time, as minutes east of Greenwich; nullopt: what is there is no zone.
std::optional<int> zone(Scanner& in) {
  in.blanks();
  if (in.at_end() || in.one_of("Zz") || in.word("UTC") || in.word("GMT")) return 0;
  if (!in.one_of("+-")) return std::nullopt;
  const int sign = in.last() == '-' ? -1 : 1;
  int hours = 0, minutes = 0;
  if (!in.number(2, hours)) return std::nullopt;
  if (in.one_of(":")) {
    if (!in.number(2, minutes)) return std::nullopt;
  } else {
    in.number(2, minutes);
  }
  if (hours > 23 || minutes > 59) return std::nullopt;
  return sign * (hours * 60 + minutes);
}

std::optional<WallTime> read(std::string_view text) {
  namespace chrono = std::chrono;
  Scanner in(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0;
  in.blanks();
  if (!in.number(4, year) || !in.one_of("-/") || !in.number(2, month) || !in.one_of("-/") ||
      !in.number(2, day)) {
    return std::nullopt;
  }
  if (in.one_of("Tt ")) {
    in.blanks();
    if (in.number(2, hour)) {
      if (!in.one_of(":") || !in.number(2, minute)) return std::nullopt;
      if (in.one_of(":") && !in.number(2, second)) return std::nullopt;
      if (in.one_of(".,")) ms = in.milliseconds_part();
    }
  }
  const auto east = zone(in);
  in.blanks();
  const chrono::year_month_day date(chrono::year{year}, chrono::month(static_cast<unsigned>(month)),
                                    chrono::day(static_cast<unsigned>(day)));
  if (!east || !in.at_end() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return chrono::time_point_cast<milliseconds>(chrono::sys_days(date)) + chrono::hours(hour) +
         chrono::minutes(minute - *east) + chrono::seconds(second) + milliseconds(ms);
}

}  // namespace

Result<WallTime> parse_timestamp(std::string_view text) {
  if (const auto time = read(text)) return *time;
  return fail("'" + std::string(text.substr(0, 100)) + "' is not a time such as 2021-03-04T05:06:07+01:00");
}

Result<WallTime> parse_epoch(std::string_view text) {
  double value = 0;
  const auto first = text.find_first_not_of(' ');
  const auto trimmed =
      first == std::string_view::npos ? text : text.substr(first, text.find_last_not_of(' ') - first + 1);
  const auto end = trimmed.data() + trimmed.size();
  const auto [stop, error] = std::from_chars(trimmed.data(), end, value);
  // Beyond year 9999 it is no time but milliseconds, or nonsense.
  constexpr double kLast = 253402300800.0;
  if (error != std::errc() || stop != end || !std::isfinite(value) || std::abs(value) >= kLast) {
    return fail("'" + std::string(text.substr(0, 100)) + "' is not a time in seconds since 1970");
  }
  return from_ms(static_cast<std::int64_t>(std::llround(value * 1000)));
}

}  // namespace headrace::changesource::hooks
