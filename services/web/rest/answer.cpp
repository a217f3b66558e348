// SPDX-License-Identifier: Apache-2.0
#include "web/rest/answer.hpp"

namespace headrace::web {

http::Response json_response(const json::Value& value, std::string_view accept, int status) {
  http::Response r;
  r.status = status;
  const bool as_json = accept.find("application/json") != std::string_view::npos;
  r.content_type = as_json ? "application/json; charset=utf-8" : "text/plain; charset=utf-8";
  r.body = as_json ? json::write(value) : json::write_indented(value);
  return r;
}

http::Response error_response(int status, const std::string& text) {
  http::Response r;
  r.status = status;
  r.body = json::write(json::Object{{"error", text}});
  return r;
}

http::Response answer_list(std::string_view plural, json::Array rows, std::string_view accept) {
  const auto total = static_cast<std::int64_t>(rows.size());
  json::Object answer{{"meta", json::Object{{"total", total}}}};
  answer.emplace(plural, std::move(rows));
  return json_response(answer, accept);
}

http::Response answer_rows(Database& db, const Match& match, const Parameters& parameters,
                           std::string_view accept) {
  const Endpoint& endpoint = *match.endpoint;
  Select what;
  what.entity = endpoint.entity;
  what.scope = match.scope;
  what.count = endpoint.collection;
  const bool dictionary = endpoint.ending == Ending::dictionary;
  if (auto read = read_query(dictionary ? Parameters{} : parameters, endpoint.collection, what); !read)
    return error_response(400, read.error().text);
  if (dictionary) {
    what.properties = {"*"};
    // A buildset's row shows no properties: they are only here.
    static const Field buildset{"properties", Kind::properties, "buildsets.properties"};
    what.fields = {endpoint.entity == &entities::kBuildset ? &buildset
                                                           : endpoint.entity->field("properties")};
  }

  Page page = select(db, what);
  if (!endpoint.collection && page.rows.empty())
    return error_response(404, std::string(endpoint.entity->type) + " not found");
  json::Object answer{{"meta", json::Object{}}};
  if (endpoint.collection) answer["meta"] = json::Object{{"total", page.total}};
  if (dictionary)
    for (auto& row : page.rows) {
      json::Value inner = std::move(row.as_object().begin()->second);  // taken out before its owner goes
      row = std::move(inner);
    }
  answer.emplace(plural_of(endpoint), std::move(page.rows));
  return json_response(answer, accept);
}

}  // namespace headrace::web
