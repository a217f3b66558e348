// SPDX-License-Identifier: Apache-2.0
#include "cli/follow.hpp"

#include <fmt/format.h>

#include <optional>
#include <set>
#include <stdexcept>
#include <thread>

#include "cli/state.hpp"
#include "clock/clock.hpp"

namespace headrace::cli {
namespace {

constexpr seconds kAwayLimit{60};
constexpr milliseconds kRetry{200};

struct Gone : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string seconds_text(std::int64_t from_ms, std::int64_t to_ms) {
  return fmt::format("{:.1f} s", static_cast<double>(to_ms - from_ms) / 1000);
}

// Prints what is new of one request after another look at it.
class Story {
 public:
  Story(std::int64_t request, std::ostream& out) : request_(request), out_(out) {}

  /// @return the verdict when the request is complete
  std::optional<Results> look(store::BlockingClient& store) {
    const auto request = read_request(store, request_);
    if (!request) throw Gone("request " + std::to_string(request_) + " is gone");
    if (build_ && request->build != build_) tell(store);  // the end of a build that was lost
    if (request->build && request->build != build_) {
      build_ = request->build;
      started_ = ended_ = false;
      steps_.clear();
    }
    tell(store);
    if (!request->results) return std::nullopt;
    const auto results = results_from_int(*request->results).value_or(Results::exception);
    out_ << "request " << request_ << ": " << results_name(results) << std::endl;
    return results;
  }

 private:
  void tell(store::BlockingClient& store) {
    if (!build_ || ended_) return;
    const auto build = read_build(store, build_);
    if (!build) return;
    const auto name = build->builder + "#" + std::to_string(build->number);
    if (!started_)
      out_ << "build " << name << " (id " << build_ << ") started on " << build->worker << std::endl;
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

  std::int64_t request_;
  std::ostream& out_;
  std::int64_t build_ = 0;
  bool started_ = false, ended_ = false;
  std::set<int> steps_;  // told already
};

}  // namespace

Results follow_request(Control& control, std::int64_t request, std::ostream& out) {
  Story story(request, out);
  std::optional<MonoTime> away_since;
  auto* store = &control.store();
  while (true) {
    try {
      if (away_since) store = &control.reconnect();
      const auto last = text_of(*store, {"HGET", store->keys()("head"), "n"});
      if (const auto end = story.look(*store)) return *end;
      away_since.reset();
      text_of(*store, {"XREAD", "COUNT", "1", "BLOCK", "1000", "STREAMS", store->keys()("events"),
                       (last.empty() ? "0" : last) + "-0"});
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
