// SPDX-License-Identifier: Apache-2.0
#include "notifier/build_report.hpp"

namespace headrace::notifier {

Result<BuildReport> report_from(const wire::BuildFinished& event, std::string tag) {
  auto build = event.build();
  if (!build) return fail("build " + std::to_string(event.id.value) + ": " + build.error().text);
  BuildReport report;
  report.build = std::move(*build);
  report.build.buildset = event.buildset;
  report.build.results = event.results;
  if (report.build.complete_ms == 0) report.build.complete_ms = event.at_ms;
  report.results = event.results;
  report.previous = event.previous;
  report.at_ms = event.at_ms;
  report.tag = std::move(tag);
  return report;
}

std::string report_id(const BuildReport& report) {
  return std::to_string(report.build.id.value) + "." + report.tag;
}

}  // namespace headrace::notifier
