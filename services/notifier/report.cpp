// SPDX-License-Identifier: Apache-2.0
#include "notifier/report.hpp"

#include "wire/codec.hpp"

namespace headrace::notifier {

Result<Report> report_from(const wire::Event& event) {
  const std::string name = "event " + std::to_string(event.number.value);
  auto build = wire::decode<wire::Build>(event.body);
  if (!build) return fail(name + " is no build: " + build.error().text);
  const auto results = results_from_int(event.id("results"));
  if (!results) return fail(name + " has the result " + std::to_string(event.id("results")));
  Report report;
  report.build = std::move(*build);
  // What the function decided counts, whatever the sender of the body believed.
  report.build.id.value = event.id("buildid");
  report.build.number = event.id("number");
  report.build.attempt = static_cast<int>(event.id("attempt"));
  report.build.request.value = event.id("request");
  report.build.buildset.value = event.id("bsid");
  report.build.started_ms = event.id("started");
  if (report.build.complete_ms == 0) report.build.complete_ms = event.at_ms;
  report.build.results = results;
  report.results = *results;
  if (const auto previous = event.ids.find("previous"); previous != event.ids.end())
    report.previous = results_from_int(previous->second);  // -1: none
  report.at_ms = event.at_ms;
  return report;
}

}  // namespace headrace::notifier
