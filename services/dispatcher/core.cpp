// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/core.hpp"

#include "dispatcher/messages.hpp"

namespace headrace::dispatcher {

namespace {
constexpr seconds kSweepDelay{3};  // another dispatcher gets this long to settle what it has found
}

Core::Core(Effects& effects, CoreSettings settings, std::shared_ptr<config::Configuration> configuration,
           ConfigVersion version, std::vector<LoadedRequest> open)
    : effects_(effects),
      settings_(std::move(settings)),
      configuration_(std::move(configuration)),
      version_(version) {
  for (auto& loaded : open) {
    const auto id = loaded.request.id;
    queue_.add(std::move(loaded.request), loaded.state == "pending");
    if (loaded.orphan) settle(id);
  }
}

void Core::on_message(const std::string& peer, const std::string& user, const std::string& name,
                      const std::string& body) {
  const auto with_link = [&]<class M>(std::optional<M> message, auto handle) {
    if (!message) return;
    if (auto* link = current_link(peer, user, message->session)) {
      link->heard = true;
      handle(*link, std::move(*message));
    }
  };
  if (name == wire::Report::kName) {
    with_link(decode<wire::Report>(user, body), [&](Link& l, wire::Report m) { on_report(l, std::move(m)); });
  } else if (name == wire::Accept::kName) {
    with_link(decode<wire::Accept>(user, body),
              [&](Link& l, const wire::Accept& m) { on_accept(user, l, m); });
  } else if (name == wire::Ready::kName) {
    with_link(decode<wire::Ready>(user, body), [&](Link& l, const wire::Ready& m) {
      l.free_slots = m.free_slots;
      l.not_before = {};
      match_wanted_ = true;
    });
  } else if (name == wire::Heartbeat::kName) {
    with_link(decode<wire::Heartbeat>(user, body),
              [&](Link& l, const wire::Heartbeat& m) { on_heartbeat(l, m); });
  } else if (name == wire::Refuse::kName) {
    with_link(decode<wire::Refuse>(user, body),
              [&](Link& l, const wire::Refuse& m) { on_refuse(user, l, m); });
  } else if (name == wire::Question::kName) {
    with_link(decode<wire::Question>(user, body),
              [&](Link& l, const wire::Question& m) { on_question(l, m); });
  } else if (name == wire::Goodbye::kName) {
    with_link(decode<wire::Goodbye>(user, body),
              [&](Link& l, const wire::Goodbye& m) { on_goodbye(user, l, m); });
  } else if (name == wire::Hello::kName) {
    if (auto hello = decode<wire::Hello>(user, body)) on_hello(peer, user, std::move(*hello));
  } else {
    spdlog::warn("unknown message worker={} message={}", user, name.substr(0, 40));
  }
}

void Core::on_event(const wire::Event& event) {
  const RequestId request{event.id("request")};
  // A finished build's slot is free, and any of the others may bring a request back.
  if (event.is("buildset.new") || event.is("request.pending") || event.is("build.finished"))
    match_wanted_ = true;
  if (event.is("buildset.new")) {
    auto set = wire::decode<wire::Buildset>(event.body);
    if (!set) {
      spdlog::error("buildset cannot be read buildset={} reason={}", event.id("bsid"), set.error().text);
      return;
    }
    set->id.value = event.id("bsid");
    set->submitted_ms = event.at_ms;
    const auto shared = std::make_shared<const wire::Buildset>(std::move(*set));
    RequestId id{event.id("first_request")};
    for (const auto& r : shared->requests) {
      // An event older than the state that was loaded says nothing new.
      if (!queue_.find(id)) queue_.add({id, r.builder, r.priority, event.at_ms, shared}, true);
      ++id.value;
    }
  } else if (event.is("build.new")) {
    queue_.take(request);
  } else if (event.is("request.pending")) {
    builds_.contains(request) ? check_claim(request) : queue_.make_pending(request);
  } else if (event.is("build.finished")) {
    if (event.id("results") != static_cast<int>(Results::retry)) queue_.remove(request);
  } else if (event.is("request.complete")) {
    queue_.remove(request);
    const auto found = builds_.find(request);
    if (found != builds_.end() && !found->second->running) {
      const auto build = found->second;
      if (const auto link = links_.find(build->worker); link != links_.end())
        send(link->second.peer, wire::Fenced{build->claim, "the request was cancelled"});
      remove_claim(request);
    }
  } else if (event.is("request.cancel")) {
    const auto found = builds_.find(request);
    if (found == builds_.end()) return;
    auto& build = *found->second;
    build.cancel = true;
    build.cancel_reason = wire::decode_reason(event.body);
    if (const auto link = links_.find(build.worker); link != links_.end())
      send(link->second.peer,
           wire::HeartbeatReply{link->second.session, {{build.claim, true, false, build.cancel_reason}}});
  } else if (event.is("worker.connected") || event.is("worker.disconnected")) {
    const auto worker = event.topic.substr(event.topic.find('.', sizeof "worker") + 1);
    const auto link = links_.find(worker);
    if (event.is("worker.connected") && link != links_.end() && link->second.session &&
        link->second.session.value < event.id("session")) {
      // It said hello elsewhere, with the same key; if it is another process, this one must know.
      send(link->second.peer,
           wire::Rehello{link->second.session, true, "the worker connected again elsewhere"});
      drop_link(worker);
    }
    sweeps_[worker] = effects_.now() + kSweepDelay;
  }
}

void Core::on_tick() {
  effects_.commit({"tick", {"workers"}}, [this](store::Reply r) {
    const auto value = wire::decode_value(r.value);
    if (!r.ok || !value || !value->is_array() || value->as_array().size() < 5) return;
    for (const auto& id : value->as_array()[3].as_array()) settle(RequestId{std::stoll(id.string_or("0"))});
    for (const auto& worker : value->as_array()[4].as_array()) {
      const std::string name = worker.string_or("");
      read_hash("worker:" + name, [this, name](std::map<std::string, std::string> fields) {
        spdlog::warn("worker's lease has run out worker={} session={}", name, fields["session"]);
        effects_.commit({"worker_gone", {name, fields["session"], "expired"}},
                        [this, name](store::Reply gone) {
                          if (gone.ok) {
                            drop_link(name);
                            sweep(name);
                          }
                        });
      });
    }
  });
  const auto now = effects_.now();
  for (auto it = sweeps_.begin(); it != sweeps_.end();) {
    if (it->second <= now) {
      sweep(it->first);
      it = sweeps_.erase(it);
    } else {
      ++it;
    }
  }
  if (now - renewed_ >= settings_.heartbeat / 2) renew_leases();
  match_anew();
  match();
}

void Core::on_configuration(std::shared_ptr<config::Configuration> configuration, ConfigVersion version) {
  configuration_ = std::move(configuration);
  version_ = version;
  // A worker hears of its slots in the welcome only.
  std::vector<std::string> others;
  for (const auto& [name, link] : links_) {
    const auto* worker = configuration_ ? configuration_->site().worker(name) : nullptr;
    if (link.session && link.welcomed && link.slots != (worker ? worker->slots : 0)) others.push_back(name);
  }
  for (const auto& name : others) resync(name, "the configuration gives it other slots");
  match_anew();
  match();
}

}  // namespace headrace::dispatcher
