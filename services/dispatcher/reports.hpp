// SPDX-License-Identifier: Apache-2.0
// The messages of a running build: log bytes, steps, properties, its end, and its questions.
//
// A report waits until the logs of the steps that it ends are committed. A message that the store or the
// decoder refuses for good ends the build with EXCEPTION, because the worker would send the message again for
// ever.
#pragma once

#include <string>
#include <vector>

#include "dispatcher/context.hpp"
#include "dispatcher/sessions.hpp"
#include "store/transitions/build.hpp"

namespace headrace::dispatcher {

class Reports {
 public:
  Reports(Context& context, Sessions& sessions) : c_(context), sessions_(sessions) {}

  void on_report(const std::string& worker, Link& link, wire::Report report);
  void on_question(const std::string& worker, Link& link, wire::Question question);

 private:
  bool take_log(ActiveBuild& build, wire::LogPiece piece);
  void on_appended(ActiveBuild& build, store::LogName log, const store::Outcome<store::LogExtent>& outcome);
  bool logs_committed(const ActiveBuild& build, wire::Report& report) const;
  void apply_waiting(ActiveBuild& build);
  void commit_report(ActiveBuild& build, const wire::Report& report);
  void on_committed(ActiveBuild& build, std::int64_t sequence, bool ends,
                    const store::Outcome<store::Progress::Answer>& outcome);
  void fence(const ActiveBuild& build, const std::string& reason);
  void end_with_exception(ActiveBuild& build, std::int64_t sequence, const std::string& reason);
  void acknowledge(const ActiveBuild& build, bool finished, std::vector<wire::LogPosition> logs);
  void answer(const ActiveBuild& build, const wire::Question& question,
              const std::vector<wire::Change>& changes);

  Context& c_;
  Sessions& sessions_;
};

}  // namespace headrace::dispatcher
