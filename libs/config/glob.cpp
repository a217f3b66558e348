// SPDX-License-Identifier: Apache-2.0
#include "config/glob.hpp"

#include <algorithm>
#include <vector>

#include "config/configuration.hpp"

namespace headrace::config {
namespace {

struct Range {
  char32_t first, last;
};

// One part of a pattern. Each part is a state of the matcher, which then stands before the part.
struct Part {
  enum class Kind {
    literal,
    any,
    one_of,
    none_of,
    star,       // any characters; in a path, all but '/'
    star_star,  // any characters
    folders,    // "**/": nothing, or any characters up to a '/'
    in_folder,  // the rest of "**/", once it has taken a character
  };
  Kind kind;
  char32_t literal = 0;
  std::vector<Range> ranges = {};
};

// Takes the next UTF-8 character. A byte that is no part of one stands for itself.
char32_t take(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  std::size_t more = lead >= 0xf0 && lead < 0xf8 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
  char32_t c = more == 0 || lead >= 0xf8 ? lead : lead & (0x3f >> more);
  if (text.size() <= more || lead >= 0xf8) more = 0, c = lead;
  for (std::size_t i = 1; i <= more; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      more = 0, c = lead;
      break;
    }
    c = (c << 6) | (byte(i) & 0x3f);
  }
  text.remove_prefix(more + 1);
  return c;
}

// Finds the `]` that ends a class whose `[` is before `rest`; npos when there is none. A `]` directly behind
// the `[` belongs to the class.
std::size_t class_end(std::string_view rest) {
  std::size_t from = rest.starts_with('!') || rest.starts_with('^') ? 1 : 0;
  return rest.find(']', from + 1);
}

Part character_class(std::string_view inside) {
  Part part{Part::Kind::one_of};
  if (inside.starts_with('!') || inside.starts_with('^')) {
    part.kind = Part::Kind::none_of;
    inside.remove_prefix(1);
  }
  while (!inside.empty()) {
    Range range{};
    range.first = range.last = take(inside);
    if (inside.size() >= 2 && inside.front() == '-') {
      inside.remove_prefix(1);
      range.last = take(inside);
    }
    part.ranges.push_back(range);
  }
  return part;
}

std::vector<Part> parse(std::string_view pattern, bool paths) {
  std::vector<Part> parts;
  bool at_start = true;  // at the start of a segment of a path
  while (!pattern.empty()) {
    const bool segment = at_start;
    at_start = false;
    if (paths && pattern.starts_with("**")) {
      while (pattern.starts_with('*')) pattern.remove_prefix(1);
      if (segment && pattern.starts_with('/')) {
        pattern.remove_prefix(1);
        parts.push_back({Part::Kind::folders});
        parts.push_back({Part::Kind::in_folder});
        at_start = true;
      } else {
        parts.push_back({Part::Kind::star_star});
      }
      continue;
    }
    const auto end = pattern.front() == '[' ? class_end(pattern.substr(1)) : std::string_view::npos;
    if (end != std::string_view::npos) {
      parts.push_back(character_class(pattern.substr(1, end)));
      pattern.remove_prefix(end + 2);
      continue;
    }
    const char32_t c = take(pattern);
    at_start = c == U'/';
    if (c == U'*') {
      parts.push_back({Part::Kind::star});
    } else if (c == U'?') {
      parts.push_back({Part::Kind::any});
    } else {
      parts.push_back({Part::Kind::literal, c});
    }
  }
  return parts;
}

class Matcher {
 public:
  Matcher(std::vector<Part> parts, bool paths) : parts_(std::move(parts)), paths_(paths) {}

  bool matches(std::string_view text) {
    std::vector<bool> now(parts_.size() + 1), next;
    enter(now, 0);
    while (!text.empty()) {
      const char32_t c = take(text);
      next.assign(parts_.size() + 1, false);
      for (std::size_t i = 0; i < parts_.size(); ++i)
        if (now[i]) step(next, i, c);
      now.swap(next);
    }
    return now[parts_.size()];
  }

 private:
  // Adds the state before part `i`. Where part `i` may take nothing, the state before the next part is added,
  // too.
  void enter(std::vector<bool>& states, std::size_t i) const {
    if (states[i]) return;
    states[i] = true;
    if (i == parts_.size()) return;
    if (parts_[i].kind == Part::Kind::star || parts_[i].kind == Part::Kind::star_star) enter(states, i + 1);
    if (parts_[i].kind == Part::Kind::folders) enter(states, i + 2);
  }

  void step(std::vector<bool>& states, std::size_t i, char32_t c) const {
    const Part& part = parts_[i];
    const bool slash = paths_ && c == U'/';
    const auto in_class = [&] {
      return std::any_of(part.ranges.begin(), part.ranges.end(),
                         [&](const Range& r) { return c >= r.first && c <= r.last; });
    };
    switch (part.kind) {
      case Part::Kind::literal:
        if (c == part.literal) enter(states, i + 1);
        break;
      case Part::Kind::any:
        if (!slash) enter(states, i + 1);
        break;
      case Part::Kind::one_of:
        if (!slash && in_class()) enter(states, i + 1);
        break;
      case Part::Kind::none_of:
        if (!slash && !in_class()) enter(states, i + 1);
        break;
      case Part::Kind::star:
        if (!slash) enter(states, i);
        break;
      case Part::Kind::star_star:
        enter(states, i);
        break;
      case Part::Kind::folders:
        enter(states, i + (slash ? 2 : 1));
        break;
      case Part::Kind::in_folder:
        enter(states, i);
        if (slash) enter(states, i + 1);
        break;
    }
  }

  std::vector<Part> parts_;
  bool paths_;
};

}  // namespace

bool is_glob(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

std::optional<std::string> glob_problem(std::string_view pattern) {
  if (pattern.empty()) return "an empty pattern matches nothing";
  for (std::size_t at = pattern.find('['); at != std::string_view::npos; at = pattern.find('[', at)) {
    const auto end = class_end(pattern.substr(at + 1));
    if (end == std::string_view::npos) return "bad glob '" + std::string(pattern) + "': '[' without its ']'";
    at += end + 2;
    if (at >= pattern.size()) break;
  }
  return std::nullopt;
}

bool path_glob(std::string_view pattern, std::string_view path) {
  return Matcher(parse(pattern, true), true).matches(path);
}

bool name_glob(std::string_view pattern, std::string_view name) {
  return Matcher(parse(pattern, false), false).matches(name);
}

}  // namespace headrace::config
