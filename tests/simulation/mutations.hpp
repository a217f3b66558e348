// SPDX-License-Identifier: Apache-2.0
// Deliberate bugs, put in by the harness only: each breaks one invariant, so that the tests see that the
// checker looks at it.
#pragma once

#include <optional>
#include <string>

#include "simulation/environment.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::simulation {

/// The claim of the build that this call ends; nothing: it ends none.
std::optional<wire::Claim> claim_that_ends(const store::Call& call);
/// A callback for this end of a build that puts the claim back as if nothing had ended, commits the end
/// once more, and goes on with `done`. Once a run.
std::function<void(store::Reply)> end_twice(Environment& env, const store::Call& call,
                                            std::function<void(store::Reply)> done);
/// Counts an attempt that will never be a build, before the first accept of the run.
void skip_attempt(Environment& env, const store::Call& call);
/// A message to a worker in which no build is to be cancelled.
std::string without_cancels(const std::string& name, const std::string& body);
/// A hello without its number.
std::string without_number(const std::string& name, const std::string& body);
/// A welcome whose lease never ends.
std::string with_endless_lease(const std::string& name, const std::string& body);
/// A report with one byte of its first log piece changed.
std::string with_changed_log(const std::string& report);
/// The questions how late it is in Redis and how far the event log reaches; and answers that make the second
/// one look as if nothing had happened yet.
bool asks_for_level(Environment& env, const store::Round& round);
std::vector<store::RedisReply> level_long_past(Environment& env, const store::Round& round);
/// A report as a worker with a fault makes it.
void spoil(wire::Report& report);
/// Bugs that are done to the state when everything has ended. @return false when the run needs none
bool spoil_the_end(Environment& env);

}  // namespace headrace::simulation
