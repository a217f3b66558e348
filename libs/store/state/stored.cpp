// SPDX-License-Identifier: Apache-2.0
#include "store/state/stored.hpp"

#include "store/arguments.hpp"

namespace headrace::store {
namespace {

Error broken(const char* what, std::int64_t id, const std::string& reason) {
  return {std::string(what) + " " + std::to_string(id) + " cannot be read: " + reason};
}

// A hash that went while its commands were on their way has no body.
bool is_gone(const Fields& fields, std::string_view essential) { return !fields.has(essential); }

}  // namespace

Result<std::optional<Request>> request_in(RequestId id, const Fields& fields) {
  if (is_gone(fields, "state")) return std::optional<Request>();
  const auto state = request_state_from_name(fields.text("state"));
  if (!state)
    return tl::unexpected(
        broken("request", id.value, "'" + fields.text("state") + "' is no state of a request"));
  Request out;
  out.id = id;
  out.state = *state;
  out.builder = fields.text("builder");
  out.buildset.value = fields.number("bsid");
  out.priority = fields.number("priority");
  out.submitted_ms = fields.number("at");
  out.attempts = static_cast<int>(fields.number("attempts"));
  out.build.value = fields.number("build");
  if (*state == RequestState::offered || *state == RequestState::running) {
    out.nonce = fields.text("nonce");
    out.worker = fields.text("worker");
    out.session.value = fields.number("session");
    out.directory = fields.text("slot");
    out.config.value = fields.number("config");
    if (fields.has("wanted")) out.cancel_reason = wire::decode_reason(fields.text("wanted"));
  } else if (*state == RequestState::complete) {
    out.results = results_from_int(fields.number("results"));
    out.complete_ms = fields.number("complete");
  }
  return std::optional(std::move(out));
}

Result<std::optional<StoredBuildset>> buildset_in(BuildsetId id, const Fields& fields) {
  if (is_gone(fields, "body")) return std::optional<StoredBuildset>();
  auto set = wire::decode<wire::Buildset>(fields.text("body"));
  if (!set) return tl::unexpected(broken("buildset", id.value, set.error().text));
  StoredBuildset out;
  out.set = std::move(*set);
  out.set.id = id;
  out.set.submitted_ms = fields.number("at");
  RequestId request{fields.number("first")};
  for (auto& one : out.set.requests) one.id.value = request.value++;
  if (fields.has("complete")) {
    out.complete_ms = fields.number("complete");
    out.results = results_from_int(fields.number("results"));
  }
  return std::optional(std::move(out));
}

Result<std::optional<RunningBuild>> running_build_in(BuildId id, const Fields& fields) {
  if (is_gone(fields, "body")) return std::optional<RunningBuild>();
  auto start = wire::decode<wire::Build>(fields.text("body"));
  if (!start) return tl::unexpected(broken("build", id.value, start.error().text));
  RunningBuild out;
  auto& build = out.build;
  build = std::move(*start);
  build.id = id;
  build.number = fields.number("number");
  build.attempt = static_cast<int>(fields.number("attempt"));
  build.started_ms = fields.number("at");
  build.request.value = fields.number("request");
  out.sequence = fields.number("sequence");
  if (fields.has("properties")) {
    auto changed = wire::decode<wire::Build>(fields.text("properties"));
    if (!changed) return tl::unexpected(broken("build", id.value, changed.error().text));
    build.properties = std::move(changed->properties);
  }
  for (const auto& [name, value] : fields) {
    if (!name.starts_with("step:")) continue;
    auto step = wire::decode<wire::StepRecord>(value);
    if (!step || step->number < 0 || step->number >= kMaxSteps)
      return tl::unexpected(
          broken("build", id.value, name + (step ? " has another number" : ": " + step.error().text)));
    const auto place = static_cast<std::size_t>(step->number);
    if (build.steps.size() <= place) build.steps.resize(place + 1);
    build.steps[place] = std::move(*step);
  }
  return std::optional(std::move(out));
}

}  // namespace headrace::store
