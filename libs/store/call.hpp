// SPDX-License-Identifier: Apache-2.0
// What is said to Redis and what comes back, as plain data: for pure cores, which know no connection.
//
// A transition is a Call of one Redis function; store/transitions/ makes them and reads their answers. A
// question is a Read; store/state/ makes them. Nobody outside libs/store writes a Redis command, a key or a
// function's name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "model/ids.hpp"
#include "wire/event.hpp"

namespace headrace::store {

/// One call of a Redis function. Made by the structs of store/transitions/.
struct Call {
  std::string function;  ///< without the library's prefix
  std::vector<std::string> args;
  BuildId log_of;  ///< set: the function works on the logs of this build, which have a hash slot of their own

  /// True for the calls that `Transition` makes.
  template <class Transition>
  bool is() const {
    return function == Transition::kFunction;
  }
};

/// Why a function refused: the first word of its answer. Nothing was written.
enum class Refused {
  bad,      ///< an argument has the wrong form, or a limit is passed: the same call is refused for ever
  config,   ///< another configuration version is current
  early,    ///< what the caller thinks has ended still holds
  fenced,   ///< the claim belongs to another nonce, or is no more
  gap,      ///< a report before this one is missing
  gone,     ///< the thing is not there (any more)
  held,     ///< another owner holds the role; another life has the worker's place
  late,     ///< a later message of the same sender came before
  none,     ///< no pair of an offer holds
  session,  ///< the worker has a newer session
  stale,    ///< the caller read a state that has changed since
  error,    ///< Redis could not run the function, or answered in an unknown form
};
std::string_view refused_name(Refused why);

struct Refusal {
  Refused why = Refused::error;
  std::string text;  ///< word and reason, for the log
};

/// The answer of a transition: its value, or why nothing was written.
template <class T>
using Outcome = tl::expected<T, Refusal>;

/// The answer of a transition that has nothing to say but yes.
struct Done {
  bool operator==(const Done&) const = default;
};

/// What a function answered, before its transition reads it.
struct Reply {
  bool ok = false;
  Refused why = Refused::error;        ///< when !ok
  std::string refusal;                 ///< when !ok: the word and the reason
  std::string value;                   ///< when ok: MessagePack, read by the transition
  std::vector<wire::Event> events;     ///< what the transition appended, in order
  std::vector<std::string> envelopes;  ///< of the events, as stored
};

}  // namespace headrace::store
