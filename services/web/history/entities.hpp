// SPDX-License-Identifier: Apache-2.0
// The entities of REST v2, field by field, with the SQL expression of each field. REST answers, filters,
// orders, live events and application.spec are made from these tables, so they cannot differ from each other.
//
// Source: Buildbot's data API; names, order and nullability are its own.
#pragma once

#include <string_view>
#include <vector>

namespace headrace::web {

enum class Kind {
  integer,
  string,
  boolean,
  datetime,    ///< whole seconds since the epoch
  json,        ///< JSON text: an object or a list of objects
  list,        ///< JSON text: a list of plain values; can be filtered with `contains`
  properties,  ///< JSON text: {name: [value, source]}
};

struct Field {
  std::string_view name;
  Kind kind;
  std::string_view sql;  ///< expression over the entity's table
  bool nullable = false;
  bool on_request = false;   ///< not in Buildbot: shown only when `field=` names it
  std::string_view of = {};  ///< type of the parts of a json or list field, for application.spec
};

struct Entity {
  std::string_view type;    ///< "build"
  std::string_view plural;  ///< "builds": the key of the answer
  std::string_view from;    ///< table, with an alias when it is an expression
  std::string_view key;     ///< unique column; the order when none is asked for
  std::vector<Field> fields;

  const Field* field(std::string_view name) const;
};

namespace entities {
extern const Entity kBuild, kBuilder, kBuildrequest, kBuildset, kChange, kChangesource, kForcescheduler, kLog,
    kMaster, kScheduler, kSourcestamp, kStep, kWorker;
/// The rows of a properties dictionary: name, source, value (JSON text). `from` is set per endpoint.
extern const Entity kProperty;
}  // namespace entities

}  // namespace headrace::web
