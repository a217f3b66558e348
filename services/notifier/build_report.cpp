// SPDX-License-Identifier: Apache-2.0
#include "notifier/build_report.hpp"

namespace headrace::notifier {

Result<BuildReport> report_from(const wire::BuildFinished& event) {
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
  return report;
}

}  // namespace headrace::notifier
