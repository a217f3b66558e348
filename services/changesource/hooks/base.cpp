// SPDX-License-Identifier: Apache-2.0
// Buildbot's own dialect: a change as the fields of a form or a query. Source: Buildbot 3.7,
// www/hooks/base.py.
#include <map>

#include "changesource/hooks/dialect.hpp"
#include "changesource/hooks/properties.hpp"
#include "changesource/hooks/timestamp.hpp"
#include "json/bounded_parse.hpp"
#include "json/value.hpp"
#include "limits/limits.hpp"

namespace headrace::changesource::hooks {
namespace {

/// The first value of every field; those of the body go before those of the query.
class Form {
 public:
  explicit Form(const http::Request& request) {
    for (auto& [name, value] : http::parse_form(request.body)) fields_.emplace(name, std::move(value));
    for (const auto& [name, value] : request.query) fields_.emplace(name, value);
  }
  std::optional<std::string> get(const std::string& name) const {
    const auto it = fields_.find(name);
    if (it == fields_.end()) return std::nullopt;
    return it->second;
  }
  /// The name of a field whose value is not UTF-8; empty: there is none.
  std::string invalid() const {
    for (const auto& [name, value] : fields_) {
      if (json::valid_utf8(value) != value) return name;
    }
    return "";
  }

 private:
  std::map<std::string, std::string> fields_;
};

Result<std::vector<std::string>> read_files(const std::string& text) {
  const auto list = json::parse_bounded(text, limits::kHookJsonValues);
  if (!list) return fail("files: " + list.error().text);
  std::vector<std::string> out;
  if (!list->is_array()) return fail("files is a JSON list of texts, not " + text.substr(0, 100));
  for (const auto& file : list->as_array()) {
    if (!file.is_string()) return fail("files is a JSON list of texts, not with " + json::write(file));
    out.push_back(file.as_string());
  }
  return out;
}

Result<Properties> read_properties(const std::string& text) {
  const auto object = json::parse_bounded(text, limits::kHookJsonValues);
  if (!object) return fail("properties: " + object.error().text);
  if (!object->is_object()) return fail("properties is a JSON object, not " + text.substr(0, 100));
  Properties out;
  for (const auto& [name, value] : object->as_object()) set_property(out, name, value);
  return out;
}

// Fields: author (or who) and comments, which must be there; revision, branch, files (a JSON list),
// committer, when_timestamp (or when, seconds), category, revlink, repository, project, codebase, properties
// (a JSON object).
Outcome receive(const http::Request& request, WallTime now) {
  if (http::too_many_fields(request.body)) return Refusal{413, "the form has too many fields"};
  const Form form(request);
  if (const auto name = form.invalid(); !name.empty()) {
    return Refusal{400, "the field '" + json::valid_utf8(name) + "' is not UTF-8"};
  }
  wire::Change change;
  change.source = "base";
  change.author = form.get("author").value_or("");
  if (change.author.empty()) change.author = form.get("who").value_or("");
  if (change.author.empty()) return Refusal{400, "the field 'author' is missing"};
  const auto comments = form.get("comments");
  if (!comments) return Refusal{400, "the field 'comments' is missing"};
  change.comments = *comments;
  change.committer = form.get("committer").value_or("");
  change.revision = form.get("revision");
  change.branch = form.get("branch");
  change.category = form.get("category");
  change.revlink = form.get("revlink");
  change.repository = form.get("repository").value_or("");
  change.project = form.get("project").value_or("");
  change.codebase = form.get("codebase").value_or("");
  if (const auto text = form.get("files"); text && !text->empty()) {
    auto files = read_files(*text);
    if (!files) return Refusal{400, files.error().text};
    change.files = std::move(*files);
  }
  if (const auto text = form.get("properties"); text && !text->empty()) {
    auto properties = read_properties(*text);
    if (!properties) return Refusal{400, properties.error().text};
    change.properties = std::move(*properties);
  }
  change.when_ms = to_ms(now);
  const auto when = form.get("when_timestamp") ? form.get("when_timestamp") : form.get("when");
  if (when) {
    const auto time = parse_epoch(*when);
    if (!time) return Refusal{400, "when_timestamp: " + time.error().text};
    change.when_ms = to_ms(*time);
  }
  Delivery delivery;
  delivery.changes.push_back(std::move(change));
  return delivery;
}

Result<Handler> prepare(const config::Options&) { return receive; }

constexpr std::string_view kIdHeaders[] = {"Idempotency-Key"};

}  // namespace

extern const Dialect base_dialect;
const Dialect base_dialect{"base", kIdHeaders, prepare};

}  // namespace headrace::changesource::hooks
