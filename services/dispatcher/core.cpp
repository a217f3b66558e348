// SPDX-License-Identifier: Apache-2.0
#include "dispatcher/core.hpp"

#include "dispatcher/entrance.hpp"
#include "store/transitions/lease.hpp"

namespace headrace::dispatcher {

Core::Core(CoreSettings settings, ConfigurationPtr configuration, ConfigVersion version,
           const std::vector<store::OpenRequests::One>& open, Now now)
    : c_{.settings = std::move(settings),
         .now = now,
         .configuration = std::move(configuration),
         .version = version} {
  c_.workers.configure(c_.configuration ? &c_.configuration->site() : nullptr);
  for (const auto& [request, set, orphan] : open) {
    c_.queue.add({request.id, request.builder, request.priority, request.submitted_ms, set},
                 request.state == store::RequestState::pending);
    if (orphan) recovery_.release_or_declare_lost(request.id);
  }
}

template <class M, class F>
void Core::in_session(const std::string& peer, const std::string& worker, const std::string& body, F handle) {
  auto message = wire::decode<M>(body);
  if (!message) {
    spdlog::warn("message refused worker={} message={} reason={}", worker, M::kName, message.error().text);
    return;
  }
  if (auto* link = sessions_.current(peer, worker, message->session)) {
    sessions_.heard(worker, *link);
    handle(*link, std::move(*message));
  }
}

void Core::on_message(const std::string& peer, const std::string& worker, const std::string& name,
                      const std::string& body, Now now) {
  c_.now = now;
  const auto in = [&]<class M>(auto handle) { in_session<M>(peer, worker, body, handle); };
  if (name == wire::Report::kName) {
    in.operator()<wire::Report>(
        [&](Link& l, wire::Report m) { reports_.on_report(worker, l, std::move(m)); });
  } else if (name == wire::Accept::kName) {
    in.operator()<wire::Accept>([&](Link& l, const wire::Accept& m) { offers_.on_accept(worker, l, m); });
  } else if (name == wire::Ready::kName) {
    in.operator()<wire::Ready>([&](Link& l, const wire::Ready& m) {
      l.free_slots = m.free_slots;
      l.not_before = {};
      c_.workers.update(worker);
      c_.match_needed = true;
    });
  } else if (name == wire::Heartbeat::kName) {
    in.operator()<wire::Heartbeat>(
        [&](Link& l, const wire::Heartbeat& m) { sessions_.on_heartbeat(worker, l, m); });
  } else if (name == wire::Refuse::kName) {
    in.operator()<wire::Refuse>([&](Link& l, const wire::Refuse& m) { offers_.on_refuse(worker, l, m); });
  } else if (name == wire::Question::kName) {
    in.operator()<wire::Question>(
        [&](Link& l, const wire::Question& m) { reports_.on_question(worker, l, m); });
  } else if (name == wire::Goodbye::kName) {
    in.operator()<wire::Goodbye>(
        [&](Link& l, const wire::Goodbye& m) { sessions_.on_goodbye(worker, l, m); });
  } else if (name == wire::Hello::kName) {
    auto hello = wire::decode<wire::Hello>(body);
    const auto fault = hello ? fault_in(*hello) : hello.error().text;
    if (fault.empty()) return sessions_.on_hello(peer, worker, std::move(*hello));
    spdlog::warn("message refused worker={} message={} reason={}", worker, name, fault);
  } else {
    spdlog::warn("unknown message worker={} message={}", worker, name.substr(0, 40));
  }
}

void Core::on_event(const wire::AnyEvent& event, Now now) {
  c_.now = now;
  std::visit(
      wire::On{
          [&](const wire::BuildsetNew& e) { on_buildset(e); },
          [&](const wire::BuildNew& e) { c_.queue.take(e.request); },
          [&](const wire::RequestPending& e) {
            c_.match_needed = true;
            c_.claims.contains(e.id) ? recovery_.recheck_claim(e.id) : c_.queue.make_pending(e.id);
          },
          [&](const wire::BuildFinished& e) {
            c_.match_needed = true;  // the slot is free
            if (e.results == Results::retry) return;
            c_.queue.remove(e.request);
            offers_.forget(e.request);
          },
          [&](const wire::RequestComplete& e) { on_complete(e.id); },
          [&](const wire::RequestCancelWanted& e) { on_cancel(e); },
          [&](const wire::WorkerConnected& e) {
            sessions_.on_connected_elsewhere(std::string(e.name), e.session, e.taken_over);
            recovery_.settle_stale_slots_later(std::string(e.name));
          },
          [&](const wire::WorkerChallenged& e) {
            sessions_.on_challenged(std::string(e.name), e.session, e.number);
          },
          [&](const wire::WorkerDisconnected& e) { recovery_.settle_stale_slots_later(std::string(e.name)); },
          [](const auto&) {}},
      event);
}

void Core::on_buildset(const wire::BuildsetNew& event) {
  c_.match_needed = true;
  auto set = event.set();
  if (!set) {
    spdlog::error("buildset cannot be read buildset={} reason={}", event.id.value, set.error().text);
    return;
  }
  const BuildsetPtr shared = std::make_shared<const wire::Buildset>(std::move(*set));
  // An event may be older than the loaded state. Its requests are in the queue already.
  for (const auto& request : shared->requests)
    if (!c_.queue.find(request.id))
      c_.queue.add({request.id, request.builder, request.priority, event.at_ms, shared}, true);
}

void Core::on_complete(RequestId request) {
  c_.queue.remove(request);
  offers_.forget(request);
  const auto* build = c_.claims.find(request);
  if (!build || build->running) return;
  c_.send_to(build->worker, wire::Fenced{build->claim, "the request was cancelled"});
  c_.remove_claim(request);
}

void Core::on_cancel(const wire::RequestCancelWanted& event) {
  const auto* build = c_.claims.cancel(event.id, event.reason());
  const auto* link = build ? c_.workers.find(build->worker) : nullptr;
  if (link)
    c_.out.send(link->peer,
                wire::HeartbeatReply{link->session, {{build->claim, true, false, *build->cancel_reason}}});
}

void Core::on_answer(Ticket ticket, Answer answer, Now now) {
  c_.now = now;
  c_.out.answer(ticket, std::move(answer));
}

void Core::on_key_removed(const std::string& worker, Now now) {
  c_.now = now;
  sessions_.dismiss(worker);
}

void Core::on_configuration(ConfigurationPtr configuration, ConfigVersion version, Now now) {
  c_.now = now;
  // The index of the workers points into the old configuration, so that one is released only after the index
  // is new.
  const auto before = std::exchange(c_.configuration, std::move(configuration));
  c_.version = version;
  c_.workers.configure(c_.configuration ? &c_.configuration->site() : nullptr);
  sessions_.tell_slots();
  match(now, true);
}

void Core::on_tick(Now now) {
  c_.now = now;
  c_.out.commit(store::Tick{store::LeaseClock::workers}, [this](const auto& ticked) {
    if (!ticked) return;
    for (const auto id : ticked->expired) recovery_.release_or_declare_lost(id);
    for (const auto& worker : ticked->lost) on_lost(worker);
  });
  recovery_.on_tick();
  sessions_.on_tick();
  match(now, true);
}

void Core::on_lost(const std::string& worker) {
  recovery_.declare_worker_lost(worker, [this, worker] { sessions_.drop(worker); });
}

void Core::match(Now now, bool anew) {
  c_.now = now;
  sessions_.answer_heartbeats();
  c_.match_needed |= anew;
  offers_.match();
}

}  // namespace headrace::dispatcher
