// SPDX-License-Identifier: Apache-2.0
#include "config/lua_tokens.hpp"

#include <cctype>

namespace headrace::config {
namespace {

bool starts_name(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool in_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<LuaToken> run() {
    if (text_.starts_with('#')) skip_line();
    while (at_ < text_.size()) step();
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  void advance(std::size_t count) {
    for (; count > 0 && at_ < text_.size(); --count, ++at_)
      if (text_[at_] == '\n') ++line_;
  }

  void skip_line() {
    while (at_ < text_.size() && text_[at_] != '\n') ++at_;
  }

  // Length of the long bracket ("[[" or "[==[") that begins here; 0 when none begins.
  std::size_t long_bracket() const {
    if (peek() != '[') return 0;
    std::size_t length = 1;
    while (peek(length) == '=') ++length;
    return peek(length) == '[' ? length + 1 : 0;
  }

  std::string_view take_long(std::size_t bracket) {
    std::string close = "]" + std::string(bracket - 2, '=') + "]";
    const auto begin = at_ + bracket;
    const auto end = std::min(text_.find(close, begin), text_.size());
    const auto content = text_.substr(std::min(begin, text_.size()), end - std::min(begin, end));
    advance(end + close.size() - at_);
    return content;
  }

  std::string_view take_quoted() {
    const char quote = peek();
    std::size_t length = 1;
    while (at_ + length < text_.size() && peek(length) != quote) length += peek(length) == '\\' ? 2 : 1;
    const auto content = text_.substr(at_ + 1, length - 1);
    advance(length + 1);
    return content;
  }

  void add(LuaToken::Kind kind, std::string_view content, int line) {
    tokens_.push_back({kind, std::string(content), line});
  }

  void step() {
    const char c = peek();
    const int line = line_;
    if (std::isspace(static_cast<unsigned char>(c)) != 0) return advance(1);
    if (c == '-' && peek(1) == '-') {
      advance(2);
      if (const auto bracket = long_bracket()) {
        take_long(bracket);
      } else {
        skip_line();
      }
      return;
    }
    if (c == '"' || c == '\'') return add(LuaToken::Kind::string, take_quoted(), line);
    if (const auto bracket = long_bracket()) return add(LuaToken::Kind::string, take_long(bracket), line);
    std::size_t length = 1;
    if (starts_name(c)) {
      while (in_name(peek(length))) ++length;
      add(LuaToken::Kind::name, text_.substr(at_, length), line);
    } else if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      while (in_name(peek(length)) || peek(length) == '.') ++length;
      add(LuaToken::Kind::number, text_.substr(at_, length), line);
    } else {
      // Of the symbols of two characters only "==" and the like matter, because their "=" belongs to no
      // field.
      if ((c == '=' || c == '~' || c == '<' || c == '>') && peek(1) == '=') length = 2;
      add(LuaToken::Kind::symbol, text_.substr(at_, length), line);
    }
    advance(length);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::vector<LuaToken> tokens_;
};

}  // namespace

int LuaToken::opens() const {
  if (kind == Kind::symbol) {
    if (text == "(" || text == "[" || text == "{") return 1;
    if (text == ")" || text == "]" || text == "}") return -1;
  } else if (kind == Kind::name) {
    // `for` and `while` are counted by their `do`.
    if (text == "function" || text == "if" || text == "do" || text == "repeat") return 1;
    if (text == "end" || text == "until") return -1;
  }
  return 0;
}

std::vector<LuaToken> lua_tokens(std::string_view text) { return Lexer(text).run(); }

}  // namespace headrace::config
