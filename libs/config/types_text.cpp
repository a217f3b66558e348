// SPDX-License-Identifier: Apache-2.0
// The types that are texts of a certain form, and lists and tables of such texts.
#include "config/glob.hpp"
#include "config/pattern.hpp"
#include "config/types.hpp"

namespace headrace::config {
namespace {

bool has_host(std::string_view url, std::string_view scheme) {
  if (!url.starts_with(scheme)) return false;
  const auto host = url.substr(scheme.size(), url.find('/', scheme.size()) - scheme.size());
  return !host.empty() && url.find_first_of(" \t\r\n") == std::string_view::npos;
}

Checked check_http_url(const Given& given) {
  const std::string& text = given.node.text;
  if (!given.is(Node::Kind::string) || !(has_host(text, "http://") || has_host(text, "https://")))
    return given.expected("an address such as \"https://ci.example.org/\"");
  return text;
}

Checked check_site_url(const Given& given) {
  auto url = check_http_url(given);
  if (url && !url->as_string().ends_with('/')) return url->as_string() + "/";
  return url;
}

Checked check_mail_url(const Given& given) {
  const std::string& text = given.node.text;
  if (!given.is(Node::Kind::string) || !(has_host(text, "smtp://") || has_host(text, "smtps://")))
    return given.expected("a mail server such as \"smtp://mail.example.org:25\"");
  return text;
}

Checked check_address(const Given& given) {
  const std::string& text = given.node.text;
  const auto at = text.find('@');
  if (!given.is(Node::Kind::string) || at == std::string::npos || at == 0 || at + 1 == text.size() ||
      text.find_first_of("\r\n") != std::string::npos)
    return given.expected("a mail address such as \"dev@example.org\"");
  return text;
}

Checked check_glob(const Given& given) {
  auto text = check_string(given);
  if (!text) return text;
  if (const auto problem = glob_problem(text->as_string())) return given.wrong(": " + *problem);
  return text;
}
Checked check_globs(const Given& given) { return given.list_of(check_glob); }

Checked check_regex(const Given& given) {
  if (!given.is(Node::Kind::string)) return given.expected("a regular expression");
  if (const auto pattern = Pattern::compile(given.node.text); !pattern)
    return given.wrong(": " + pattern.error().text);
  return given.node.text;
}

Checked check_user_and_password(const Given& given) {
  const auto& items = given.node.items;
  if (!given.node.is_list() || items.size() != 2 || !items[0].is(Node::Kind::string) ||
      !items[1].is(Node::Kind::string))
    return given.expected("{ \"user\", \"password\" }");
  return json::Array{items[0].text, items[1].text};
}

Checked check_headers(const Given& given) {
  return given.by_name("headers { [\"X-Name\"] = \"value\" }", [](const Given& value) -> Checked {
    if (!value.is(Node::Kind::string) || value.node.text.find_first_of("\r\n") != std::string::npos)
      return value.expected("a string of one line");
    return value.node.text;
  });
}

Checked check_values(const Given& given) {
  return given.list_of([](const Given& item) -> Checked {
    if (item.is(Node::Kind::boolean) && !item.node.boolean) return json::Value();
    if (item.is(Node::Kind::string)) return item.node.text;
    return item.expected("a string, or false for \"none\"");
  });
}

Checked check_isolation(const Given& given) {
  if (given.is(Node::Kind::string) && given.node.text == "container")
    return given.wrong(
        ": \"container\" is not yet supported; a worker that is started inside of a container gives its "
        "steps "
        "that "
        "container, see docs/isolation.md");
  if (!given.is(Node::Kind::string) || (given.node.text != "none" && given.node.text != "process"))
    return given.expected("\"none\" or \"process\"");
  return given.node.text;
}

Checked check_path(const Given& given) {
  const std::string& text = given.node.text;
  if (!given.is(Node::Kind::string) || text.find('\0') != std::string::npos ||
      !(text.starts_with("/") || text == "~" || text.starts_with("~/")))
    return given.expected("a path that begins with \"/\" or \"~/\"");
  return text;
}

const Type kTypes[] = {
    {"string", "a text", check_string},
    {"string or false", "a text, or `false` for \"none\"",
     [](const Given& given) -> Checked {
       if (given.is(Node::Kind::boolean) && !given.node.boolean) return json::Value();
       if (given.is(Node::Kind::string)) return given.node.text;
       return given.expected("a string, or false for changes without a branch");
     }},
    {"strings", "a text or a list of them", [](const Given& given) { return given.list_of(check_string); }},
    {"site url", "an address that begins with `http://` or `https://`", check_site_url},
    {"http url", "the same", check_http_url},
    {"mail url", "`smtp://host:port` or `smtps://host:port`", check_mail_url},
    {"address", "a mail address", check_address},
    {"addresses", "a mail address or a list",
     [](const Given& given) { return given.list_of(check_address); }},
    {"user and password", "`{ \"user\", \"password\" }`", check_user_and_password},
    {"headers", "`{ [\"X-Name\"] = \"value\" }`", check_headers},
    {"globs", "a pattern or a list: `*` any characters, `?` one, `[a-z]` and `[!a-z]` one of a set",
     check_globs},
    {"path globs",
     "the same for paths: `*` stays within a folder, `**` crosses folders, so `src/**` is everything below "
     "src "
     "and `**/Makefile` every Makefile",
     check_globs},
    {"paths",
     "a path that begins with `/`, or with `~/` for the home of the worker's user, or a list of them",
     [](const Given& given) { return given.list_of(check_path); }},
    {"isolation", "`\"none\"` or `\"process\"`", check_isolation},
    {"regex", "a regular expression, PCRE2", check_regex},
    {"regexes",
     "a regular expression or a list; matched from the start, as Python's `match`, with a bound on the work",
     check_regexes},
    {"values", "a text, `false`, or a list of these", check_values},
    {"values by property", "`{ owner = \"ann\", level = { 1, 2 } }`",
     [](const Given& given) {
       return given.by_name("values by property, such as { owner = \"ann\" }",
                            [](const Given& value) { return value.list_of(check_plain_data); });
     }},
    {"regexes by property", "`{ owner = \"a.*\" }`",
     [](const Given& given) { return given.by_name("regular expressions by property", check_regexes); }},
};

}  // namespace

Checked check_string(const Given& given) {
  if (!given.is(Node::Kind::string)) return given.expected("a string");
  return given.node.text;
}

Checked check_regexes(const Given& given) { return given.list_of(check_regex); }

std::span<const Type> text_types() { return kTypes; }

}  // namespace headrace::config
