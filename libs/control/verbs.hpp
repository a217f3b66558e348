// SPDX-License-Identifier: Apache-2.0
// What people do to a running site: one verb a function. The command line uses them; so will the REST API and
// chats. A verb knows no terminal: it takes values, and gives a value or a Problem that names what is wrong.
// docs/contributing/verb.md adds one.
//
// All of them throw std::runtime_error when Redis cannot be reached.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "control/outcome.hpp"
#include "control/site.hpp"
#include "store/client.hpp"
#include "store/transitions/buildset.hpp"
#include "store/transitions/site.hpp"
#include "wire/records.hpp"

namespace headrace::control {

/// Forces a build, as the button of a force scheduler does.
struct Force {
  std::string builder;
  std::string scheduler;  ///< needed when the builder has several force schedulers; else ""
  std::string reason;
  std::string owner;  ///< who does it
  std::optional<std::string> codebase;
  wire::SourceStamp stamp;                        ///< of that codebase
  std::map<std::string, json::Value> properties;  ///< as they were typed
};
Outcome<RequestId> force(store::BlockingClient& store, const Force& wish);

/// Stops the build of a running request, or takes another one out of the queue.
/// @return the state that the request was in
Outcome<store::RequestState> stop(store::BlockingClient& store, RequestId request, const std::string& reason);

/// Tells the site of a change, as a hook would.
/// @param with_codebase  the change names its codebase; else the site's function does
/// @param delivery       a key: the same one again is the same change; "": none
Outcome<ChangeId> send_change(store::BlockingClient& store, wire::Change change, bool with_codebase,
                              const std::string& delivery);

/// Allows a CURVE key. @param name  of the worker or subscriber that has it
Outcome<store::Done> allow_key(store::BlockingClient& store, store::KeyKind kind,
                               const std::string& public_key, const std::string& name);
/// Forbids every key of that name. @return how many there were, at least 1
Outcome<int> forbid_keys(store::BlockingClient& store, store::KeyKind kind, const std::string& name);

}  // namespace headrace::control
