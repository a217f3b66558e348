// SPDX-License-Identifier: Apache-2.0
// REST: any path and query is an error in words or an SQL statement that SQLite runs. The input is the target
// below /api/v2: path?query.
#include "fuzz/input.hpp"
#include "http/server.hpp"
#include "web/history/schema.hpp"
#include "web/rest/event_list.hpp"
#include "web/rest/query.hpp"
#include "web/rest/routes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace;
  static const auto history = web::open_history(":memory:");
  fuzz::Input input(data, size);
  const auto path = input.piece('?');
  const auto query = http::parse_form(input.rest());
  (void)web::EventListRequest::read(query);
  const auto match = web::find_endpoint(path);
  if (!match) return 0;
  (void)web::plural_of(*match->endpoint);
  web::Select what;
  what.entity = match->endpoint->entity;
  what.scope = match->scope;
  if (what.entity == nullptr || !web::read_query(query, match->endpoint->collection, what)) return 0;
  const auto page = web::select(*history, what);
  fuzz::expect(page.rows.empty() || page.total > 0);
  return 0;
}
