// SPDX-License-Identifier: Apache-2.0
// Claims that outlived the dispatcher or the worker that made them: adopted with their state from the
// store, or given back to the queue.
#include <charconv>

#include "dispatcher/messages.hpp"
#include "dispatcher/plan.hpp"

namespace headrace::dispatcher {
namespace {

using Fields = std::map<std::string, std::string>;

std::int64_t number(const Fields& fields, const std::string& name) {
  const auto found = fields.find(name);
  std::int64_t out = 0;
  if (found != fields.end())
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), out);
  return out;
}

std::string text(const Fields& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? "" : found->second;
}

// The build as the store has it: its start, then the steps and properties that were reported since.
wire::Build read_build(const Fields& fields, BuildId id) {
  wire::Build out;
  if (auto start = wire::decode<wire::Build>(text(fields, "body"))) out = std::move(*start);
  if (auto p = wire::decode<wire::Build>(text(fields, "properties")))
    out.properties = std::move(p->properties);
  for (const auto& [name, value] : fields) {
    if (!name.starts_with("step:")) continue;
    auto step = wire::decode<wire::StepRecord>(value);
    if (!step || step->number < 0 || step->number >= kMaxSteps) continue;
    const auto place = static_cast<std::size_t>(step->number);
    if (out.steps.size() <= place) out.steps.resize(place + 1);
    out.steps[place] = std::move(*step);
  }
  out.id = id;
  out.number = number(fields, "number");
  out.attempt = static_cast<int>(number(fields, "attempt"));
  out.started_ms = number(fields, "at");
  return out;
}

}  // namespace

void Core::read_hash(const std::string& key, std::function<void(Fields)> done) {
  effects_.read({"HGETALL", effects_.keys()(key)}, [done = std::move(done)](store::RedisReply r) {
    Fields out;
    for (std::size_t i = 0; i + 1 < r.items.size(); i += 2)
      out[r.items[i].text] = std::move(r.items[i + 1].text);
    done(std::move(out));
  });
}

void Core::read_logs(BuildId build, std::function<void(std::map<std::pair<int, int>, LogState>)> done) {
  const auto prefix = effects_.keys().log_prefix(build);
  effects_.read(
      {"SMEMBERS", prefix + "logs"}, [this, prefix, done = std::move(done)](store::RedisReply names) {
        auto out = std::make_shared<std::map<std::pair<int, int>, LogState>>();
        if (names.items.empty()) return done({});
        auto left = std::make_shared<std::size_t>(names.items.size());
        for (const auto& name : names.items) {
          effects_.read({"HMGET", prefix + name.text + ":m", "size", "lines", "crc"},
                        [name = name.text, out, left, done](store::RedisReply r) {
                          int step = 0, log = 0;
                          if (std::sscanf(name.c_str(), "%d.%d", &step, &log) == 2 && r.items.size() == 3 &&
                              !r.items[0].text.empty()) {
                            auto& state = (*out)[{step, log}];
                            state.committed = {std::stoll(r.items[0].text), std::stoll(r.items[1].text),
                                               static_cast<std::uint32_t>(std::stoull(r.items[2].text))};
                            state.sent = state.committed;
                          }
                          if (--*left == 0) done(std::move(*out));
                        });
        }
      });
}

void Core::read_buildset(BuildsetId id, std::function<void(std::shared_ptr<const wire::Buildset>)> done) {
  effects_.read({"HMGET", effects_.keys()("buildset:" + std::to_string(id.value)), "body", "at"},
                [id, done = std::move(done)](store::RedisReply r) {
                  if (r.items.size() != 2) return done(nullptr);
                  auto set = wire::decode<wire::Buildset>(r.items[0].text);
                  if (!set) return done(nullptr);
                  set->id = id;
                  set->submitted_ms = std::atoll(r.items[1].text.c_str());
                  done(std::make_shared<const wire::Buildset>(std::move(*set)));
                });
}

// A worker said that it holds this claim, and the store agrees: everything is read that goes on with it.
void Core::adopt(const std::string& worker, const wire::Claim& claim,
                 std::function<void(std::shared_ptr<ActiveBuild>)> done) {
  read_hash("request:" + std::to_string(claim.request.value), [this, worker, claim,
                                                               done = std::move(done)](Fields request) {
    if (text(request, "nonce") != claim.nonce || !links_.contains(worker)) return done(nullptr);
    const bool running = text(request, "state") == "running";
    const BuildId id{running ? number(request, "build") : 0};
    const ConfigVersion version{number(request, "config")};
    const BuildsetId bsid{number(request, "bsid")};
    effects_.configuration(version, [=, this](std::shared_ptr<config::Configuration> configuration) {
      read_hash("build:" + std::to_string(id.value), [=, this](Fields fields) {
        read_logs(id, [=, this](std::map<std::pair<int, int>, LogState> logs) {
          read_buildset(bsid, [=, this](std::shared_ptr<const wire::Buildset> set) {
            if (!links_.contains(worker) || !set || (running && fields.empty())) return done(nullptr);
            remove_claim(claim.request);
            const auto builder = text(request, "builder");
            queue_.take(claim.request);
            auto build = add_claim(worker, claim, builder);
            build->configuration = configuration;
            build->slot = text(request, "slot");
            build->running = running;
            build->logs = logs;
            if (running) {
              build->build = read_build(fields, id);
              build->sequence_committed = build->sequence_sent = number(fields, "sequence");
            } else {
              // The worker has the plan already; here the record is needed with which its build starts.
              if (const auto plan = plan_claim(*build, version, builder, *set); !plan)
                spdlog::error("adopted offer cannot be planned request={} reason={}", claim.request.value,
                              plan.error().text);
            }
            build->build.builder = builder;
            if (const auto wanted = request.find("wanted"); wanted != request.end()) {
              build->cancel = true;
              build->cancel_reason = wire::decode_reason(wanted->second);
            }
            spdlog::info("build adopted build={} builder={} request={} worker={}", id.value, builder,
                         claim.request.value, worker);
            done(build);
          });
        });
      });
    });
  });
}

// The log says that a request went back to its queue while we hold a claim on it: either the event is older
// than our claim, or another dispatcher gave the claim back. The store knows.
void Core::check_claim(RequestId id) {
  read_hash("request:" + std::to_string(id.value), [this, id](Fields request) {
    const auto found = builds_.find(id);
    if (found != builds_.end() && found->second->claim.nonce == text(request, "nonce")) return;
    remove_claim(id);
    match_wanted_ = true;
    if (text(request, "state") == "pending") queue_.make_pending(id);
  });
}

// Gives a claim back whose offer has expired or whose session has ended; harmless when neither is so.
void Core::settle(RequestId id) {
  read_hash("request:" + std::to_string(id.value), [this, id](Fields request) {
    const auto state = text(request, "state");
    if (state == "running") return settle_running(id, request);
    if (state != "offered") return;
    const auto release = [this, id, nonce = text(request, "nonce")](const char* why,
                                                                    std::function<void(store::Reply)> then) {
      effects_.commit({"release", {std::to_string(id.value), nonce, why}}, std::move(then));
    };
    release("orphan", [this, id, release](store::Reply r) {
      if (r.ok) return remove_claim(id);
      release("expired", [this, id](store::Reply again) {
        if (again.ok) remove_claim(id);
      });
    });
  });
}

void Core::settle_running(RequestId id, const Fields& request) {
  const BuildId build{number(request, "build")};
  read_hash("build:" + std::to_string(build.value), [this, id, request, build](Fields fields) {
    if (fields.empty()) return;
    read_logs(build, [this, id, request, fields, build](std::map<std::pair<int, int>, LogState> logs) {
      auto results = Results::retry;
      if (request.contains("wanted")) {
        results = Results::cancelled;
      } else if (number(request, "attempts") >= settings_.max_attempts) {
        results = Results::exception;
      }
      auto record = read_build(fields, build);
      close_lost(record, results, logs, effects_.wall_ms());
      effects_.commit(
          {"build_lost",
           {std::to_string(id.value), text(request, "nonce"), std::to_string(settings_.max_attempts),
            std::to_string(static_cast<int>(results)), wire::encode(record)}},
          [this, id, build, results, logs, worker = record.worker](store::Reply r) {
            if (r.refusal.starts_with("stale")) return settle(id);
            if (!r.ok) return;
            spdlog::warn("build was lost with its worker build={} request={} worker={} result={}",
                         build.value, id.value, worker, results_name(results));
            remove_claim(id);
            effects_.move_logs(build, logs);
          });
    });
  });
}

// Whatever is on this worker's slots under another session than its current one is given back.
void Core::sweep(const std::string& worker) {
  effects_.read({"HVALS", effects_.keys()("slots:" + worker)}, [this](store::RedisReply r) {
    for (const auto& item : r.items) {
      const RequestId id{std::atoll(item.text.c_str())};
      if (!builds_.contains(id)) settle(id);
    }
  });
}

}  // namespace headrace::dispatcher
