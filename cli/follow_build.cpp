// SPDX-License-Identifier: Apache-2.0
#include "cli/follow_build.hpp"

#include <fmt/format.h>

#include <optional>
#include <set>
#include <stdexcept>
#include <thread>

#include "clock/clock.hpp"
#include "store/state/build.hpp"
#include "store/state/events.hpp"
#include "store/state/request.hpp"

namespace headrace::cli {
namespace {

constexpr seconds kAwayLimit{60};
constexpr milliseconds kRetry{200};
constexpr milliseconds kWait{1000};  // for an event

struct Gone : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string seconds_text(std::int64_t from_ms, std::int64_t to_ms) {
  return fmt::format("{:.1f} s", static_cast<double>(to_ms - from_ms) / 1000);
}

// Prints what is new of one request after another look at it.
class RunSummary {
 public:
  RunSummary(RequestId request, std::ostream& out) : request_(request), out_(out) {}

  /// @return the verdict when the request is complete
  std::optional<Results> look(store::BlockingClient& store) {
    const auto request = store.read(store::request(request_));
    if (!request) throw Gone("request " + std::to_string(request_.value) + " is gone");
    if (build_ && request->build != build_) tell(store);  // the end of a build that was lost
    if (request->build && request->build != build_) {
      build_ = request->build;
      started_ = ended_ = false;
      steps_.clear();
    }
    tell(store);
    if (!request->results) return std::nullopt;
    const auto results = *request->results;
    out_ << "request " << request_.value << ": " << results_name(results) << std::endl;
    return results;
  }

 private:
  void tell(store::BlockingClient& store) {
    if (!build_ || ended_) return;
    const auto build = store.read(store::build(build_));
    if (!build) return;
    const auto name = build->builder + "#" + std::to_string(build->number);
    if (!started_)
      out_ << "build " << name << " (id " << build_.value << ") started on " << build->worker << std::endl;
    started_ = true;
    for (const auto& step : build->steps) {
      if (!step.results || !steps_.insert(step.number).second) continue;
      out_ << "  " << step.name << ": " << results_name(*step.results) << " in "
           << seconds_text(step.started_ms, step.complete_ms) << std::endl;
    }
    if (!build->results) return;
    ended_ = true;
    out_ << "build " << name << ": " << results_name(*build->results) << " in "
         << seconds_text(build->started_ms, build->complete_ms) << std::endl;
  }

  RequestId request_;
  std::ostream& out_;
  BuildId build_;
  bool started_ = false, ended_ = false;
  std::set<int> steps_;  // told already
};

}  // namespace

Results follow_request(SystemAccess& control, RequestId request, std::ostream& out) {
  RunSummary summary(request, out);
  std::optional<MonoTime> away_since;
  auto* store = &control.store();
  while (true) {
    try {
      if (away_since) store = &control.reconnect();
      const auto last = store->read(store::head());
      if (const auto end = summary.look(*store)) return *end;
      away_since.reset();
      store->read(store::await_events_after(last.number, 1, kWait));
    } catch (const Gone&) {
      throw;
    } catch (const std::runtime_error&) {
      if (!away_since) away_since = mono_now();
      if (mono_now() - *away_since > kAwayLimit) throw;
      std::this_thread::sleep_for(kRetry);
    }
  }
}

}  // namespace headrace::cli
