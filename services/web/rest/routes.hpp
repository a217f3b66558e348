// SPDX-License-Identifier: Apache-2.0
// The paths of REST v2, and the rows that each path stands for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.hpp"
#include "web/history/select.hpp"

namespace headrace::web {

/// What a path ends in.
enum class Ending {
  rows,        ///< entities of the history
  dictionary,  ///< one object of properties
  contents,    ///< lines of a log, as JSON
  raw,         ///< a log as a download
  raw_inline,  ///< a log as a page
};

/// One path of the API. Variables of `pattern` are `kind:name`; kinds: n number, i identifier, s any text,
/// B builder by id or name, W worker by id or name, S step of a build by number or name.
/// In `condition` $1, $2 … stand for the path's variables: the value, for B and W the id, for S a
/// condition on the table `steps`.
struct Endpoint {
  std::string_view pattern;
  const Entity* entity;
  bool collection;
  Ending ending = Ending::rows;
  std::string condition;  ///< SQL over the entity's table; "": all rows
  std::string from = {};  ///< as in Scope
};

struct Match {
  const Endpoint* endpoint;
  Scope scope;
};

/// All of them, in the order in which they are tried.
const std::vector<Endpoint>& endpoints();

/// Takes the first segment off `path`.
std::string_view next_segment(std::string_view& path);

/// `path` below /api/v2, without slashes at the ends; segments still percent-encoded. Nothing: 404.
std::optional<Match> find_endpoint(std::string_view path);

/// The answer's key: "builds", "properties", "logchunks".
std::string_view plural_of(const Endpoint& endpoint);

/// Rows of `application.spec` and of the root: [{path, plural, type, type_spec}], [{name}].
json::Array specification();
json::Array root_links();

}  // namespace headrace::web
