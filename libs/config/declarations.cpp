// SPDX-License-Identifier: Apache-2.0
#include "config/declarations.hpp"

#include <cmath>

namespace headrace::config {

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::nil:
      return "nil";
    case Node::Kind::boolean:
      return node.boolean ? "true" : "false";
    case Node::Kind::integer:
      return std::to_string(node.integer);
    case Node::Kind::number: {
      std::string text = json::write(node.number);
      return std::isfinite(node.number) ? text : "a number that is not finite";
    }
    case Node::Kind::string:
      return "\"" + (node.text.size() > 60 ? node.text.substr(0, 57) + "..." : node.text) + "\"";
    case Node::Kind::function:
      return "a function";
    case Node::Kind::property:
      return "property \"" + node.text + "\"";
    case Node::Kind::interpolate:
      return "interpolate \"" + node.text + "\"";
    case Node::Kind::declaration:
      return "a declaration";
    case Node::Kind::word:
      return node.text + " itself, without { … }";
    case Node::Kind::table:
      return node.items.empty() && node.fields.empty() && node.sparse.empty() ? "{}"
             : node.is_list()                                                 ? "a list"
                                                                              : "a table";
    case Node::Kind::mistake:
      return "a mistake";
    case Node::Kind::other:
      return node.text.empty() ? "a value of no use here" : node.text;
  }
  return "";
}

}  // namespace headrace::config
