// SPDX-License-Identifier: Apache-2.0
#include "changesource/pollers/git/commits.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "json/value.hpp"

namespace headrace::changesource::git_poller {
namespace {

// Neither messages nor file names can hold a NUL, so it separates everything. One commit is
//   NUL hash NUL author NUL committer NUL seconds NUL message NUL NUL
// and, when it changed files, a newline and each file with a NUL behind it.
constexpr std::size_t kFields = 5;

class Fields {
 public:
  explicit Fields(std::string_view text) : rest_(text) {}
  bool at_end() const { return rest_.empty(); }
  /// Up to the next NUL; nullopt when there is none.
  std::optional<std::string_view> next() {
    const auto end = rest_.find('\0');
    if (end == std::string_view::npos) return std::nullopt;
    const auto field = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return field;
  }
  bool is_next(std::string_view prefix) const { return rest_.substr(0, prefix.size()) == prefix; }
  bool skip(std::string_view prefix) {
    if (!is_next(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }

 private:
  std::string_view rest_;
};

std::string without_line_ends(std::string_view message) {
  const auto end = message.find_last_not_of("\r\n");
  return std::string(message.substr(0, end == std::string_view::npos ? 0 : end + 1));
}

// The time of a commit, which whoever made it may have set to anything: beyond the year 9999, and for what is
// no number, 0.
std::int64_t read_seconds(std::string_view text) {
  constexpr std::int64_t kLast = 253'402'300'799;
  std::int64_t seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return seconds > -kLast && seconds <= kLast ? seconds : 0;
}

}  // namespace

const std::vector<std::string>& log_arguments() {
  static const std::vector<std::string> arguments = {
      "-c",
      "log.showSignature=false",
      "log",
      "--first-parent",
      "--reverse",
      "-m",
      "--name-only",
      "-z",
      "--no-renames",
      "--no-color",
      "--no-notes",
      "--encoding=UTF-8",
      "--no-ext-diff",
      "--no-textconv",
      "--format=%x00%H%x00%aN <%aE>%x00%cN <%cE>%x00%ct%x00%B%x00"};
  return arguments;
}

Result<std::vector<wire::Change>> parse_log(const std::string& output) {
  const std::string_view nul("\0", 1);
  const auto cut_off = [](std::size_t n) {
    return fail("git log: the output ends within commit " + std::to_string(n));
  };
  std::vector<wire::Change> out;
  Fields in(output);
  while (!in.at_end()) {
    if (!in.skip(nul))
      return fail("git log: commit " + std::to_string(out.size() + 1) + " does not begin as expected");
    std::array<std::string_view, kFields> fields;
    for (auto& field : fields) {
      const auto next = in.next();
      if (!next) return cut_off(out.size() + 1);
      field = *next;
    }
    wire::Change change;
    change.revision = std::string(fields[0]);
    change.author = json::valid_utf8(fields[1]);
    change.committer = json::valid_utf8(fields[2]);
    change.when_ms = read_seconds(fields[3]) * 1000;
    change.comments = json::valid_utf8(without_line_ends(fields[4]));
    if (!in.skip(nul)) return cut_off(out.size() + 1);
    for (bool more = in.skip("\n"); more; more = !in.at_end() && !in.is_next(nul)) {
      const auto file = in.next();
      if (!file) return cut_off(out.size() + 1);
      change.files.push_back(json::valid_utf8(*file));
    }
    out.push_back(std::move(change));
  }
  return out;
}

}  // namespace headrace::changesource::git_poller
