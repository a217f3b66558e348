// SPDX-License-Identifier: Apache-2.0
// The messages between a worker (DEALER, connects) and a dispatcher (ROUTER, binds).
//
// A message is two frames: its name ("hello", "offer" …) and its MessagePack body. Everything a worker
// sends after `welcome` carries the session; a session that is not the worker's newest is answered with
// `rehello`. Losing, doubling or delaying any message costs time only:
//   hello    → welcome            until welcomed, after 1, 2, 4 … s; on a new socket after silence
//   ready    → offer              slots are levels, not edges
//   offer    → accept | refuse    an offer that is not accepted in time goes back to its queue
//   accept   → accepted | fenced  repeated until answered
//   report   → reported | fenced  repeated from the last acknowledged position after a new welcome
//   question → answer             repeated until answered; the first answer is stored and stays
//   heartbeat→ heartbeat_reply    when the lease is renewed; repeats the wanted state of every build held
//   probe    → heartbeat          at once: another process asks for this worker's place
// What orders hellos and who may end what: docs/decisions/0090-who-a-worker-is.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/ids.hpp"
#include "model/property.hpp"
#include "model/results.hpp"
#include "wire/bytes.hpp"
#include "wire/call_arguments.hpp"
#include "wire/records.hpp"

namespace headrace::wire {

inline constexpr int kWorkerProtocol = 2;  ///< major version, said in `hello`
/// What dispatchers still speak: 1 differs in questions only, which have the fields of CallArguments beside
/// them.
inline constexpr int kOldestWorkerProtocol = 1;

/// Names one claim: the request and the 128-bit nonce (32 hex digits) of the offer. The fence.
struct Claim {
  RequestId request;
  std::string nonce;

  auto operator<=>(const Claim&) const = default;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("request", s.request), f("nonce", s.nonce);
  }
};

/// W→D (worker to dispatcher). The first message on a socket.
struct Hello {
  static constexpr int kVersion = 1;
  static constexpr const char* kName = "hello";
  int protocol = kWorkerProtocol;
  std::string instance;     ///< random per process life, 16 hex digits
  std::int64_t number = 0;  ///< 1, 2, 3 … in this life: a lower one than the last is late. 0: not numbered
  std::string replaces;     ///< instance of a life that is certainly over; "": none
  WorkerInfo info;          ///< info.name is advisory: the identity is the key
  std::vector<Claim> held;  ///< builds it runs, or has accepted and awaits `accepted` for

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("protocol", s.protocol), f("instance", s.instance), f("number", s.number), f("replaces", s.replaces);
    f("info", s.info), f("held", s.held);
  }
};

/// How many bytes of one log the server has: the server's offset wins.
struct LogPosition {
  int step = 0;
  int log = 0;
  std::int64_t size_bytes = 0;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("step", s.step), f("log", s.log), f("size", s.size_bytes);
  }
};

/// What the server knows of a build that a hello named.
struct HeldState {
  Claim claim;
  bool keep = false;     ///< false: fenced; stop it and forget it
  bool running = false;  ///< true: accepted before; false: still an offer, send `accept` again
  BuildId build;
  std::int64_t number = 0;
  std::int64_t acked = 0;         ///< last progress number applied
  std::vector<LogPosition> logs;  ///< every log the server has bytes of; others are at 0
  bool cancel = false;
  std::string reason;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("claim", s.claim), f("keep", s.keep), f("running", s.running), f("build", s.build);
    f("number", s.number), f("acked", s.acked), f("logs", s.logs), f("cancel", s.cancel);
    f("reason", s.reason);
  }
};

/// D→W.
struct Welcome {
  static constexpr int kVersion = 1;
  static constexpr const char* kName = "welcome";
  std::string instance;    ///< echo of the hello's, so that a late welcome of an earlier life is ignored
  std::int64_t hello = 0;  ///< echo of the hello's number: the lease counts from when that hello was sent
  SessionId session;
  std::string name;           ///< who the key says this worker is
  std::int64_t lease_ms = 0;  ///< without any answer for this long the server gives its builds away
  std::int64_t heartbeat_ms = 0;
  int slots = 0;  ///< of the configuration; 0 when the configuration does not know this worker
  std::vector<HeldState> held;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("instance", s.instance), f("hello", s.hello), f("session", s.session), f("name", s.name);
    f("lease_ms", s.lease_ms), f("heartbeat_ms", s.heartbeat_ms), f("slots", s.slots), f("held", s.held);
  }
};

/// D→W. The session is unknown here (restart, newer session): say hello again.
struct Rehello {
  static constexpr int kVersion = 1;
  static constexpr const char* kName = "rehello";
  SessionId session;        ///< the one that was refused
  bool superseded = false;  ///< another process with the same key took over: wait long, warn
  std::string reason;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("session", s.session), f("superseded", s.superseded), f("reason", s.reason);
  }
};

/// W→D. How many more builds it can take now.
struct Ready {
  static constexpr int kVersion = 1;
  static constexpr const char* kName = "ready";
  SessionId session;
  int free_slots = 0;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("session", s.session), f("free_slots", s.free_slots);
  }
};

/// D→W. A claim that holds until `accept`, or until it expires.
struct Offer {
  static constexpr int kVersion = 1;
  static constexpr const char* kName = "offer";
  SessionId session;
  Claim claim;
  std::int64_t expires_ms = 0;  ///< from receipt
  Bytes plan;                   ///< MessagePack of BuildPlan

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("session", s.session), f("claim", s.claim), f("expires_ms", s.expires_ms), f("plan", s.plan);
  }
};

/// W→D. Yes; nothing has started yet.
struct Accept {
  static constexpr int kVersion = 1;
  static constexpr const char* kName = "accept";
  SessionId session;
  Claim claim;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("session", s.session), f("claim", s.claim);
  }
};

/// W→D. No: back to the queue, with the reason.
struct Refuse {
  static constexpr int kVersion = 1;
  static constexpr const char* kName = "refuse";
  SessionId session;
  Claim claim;
  std::string reason;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("session", s.session), f("claim", s.claim), f("reason", s.reason);
  }
};

/// D→W. Start now.
struct Accepted {
  static constexpr int kVersion = 1;
  static constexpr const char* kName = "accepted";
  Claim claim;
  BuildId build;
  std::int64_t number = 0;
  std::int64_t started_ms = 0;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("claim", s.claim), f("build", s.build), f("number", s.number), f("started_ms", s.started_ms);
  }
};

/// D→W. This claim is not yours (any more): kill what runs, upload nothing, forget it.
struct Fenced {
  static constexpr int kVersion = 1;
  static constexpr const char* kName = "fenced";
  Claim claim;
  std::string reason;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("claim", s.claim), f("reason", s.reason);
  }
};

/// Bytes of a log, framed and compressed as libs/logchunk does it.
struct LogPiece {
  int step = 0;
  int log = 0;
  std::int64_t offset_bytes = 0;  ///< of the framed text
  Bytes chunk;                    ///< one encoded chunk

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("step", s.step), f("log", s.log), f("offset", s.offset_bytes), f("chunk", s.chunk);
  }
};

/// One thing that happened in a build. Exactly one member is set.
struct ProgressItem {
  struct Finish {
    Results results = Results::success;
    std::string state_string;

    template <class S, class F>
    static void fields(S& s, F&& f) {
      f("results", s.results), f("state_string", s.state_string);
    }
  };
  std::optional<StepRecord> step;        ///< whole new state: started or finished, logs included
  std::optional<Properties> properties;  ///< changed ones only
  std::optional<Finish> finish;          ///< the last item of the last report

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("step", s.step), f("properties", s.properties), f("finish", s.finish);
  }
};

/// W→D. Logs and progress that happened within a few milliseconds. `sequence` numbers the reports of a
/// build that have items, 1, 2, 3 …; 0 for a report of log bytes only. A step's finished record stands
/// in a report no earlier than the last bytes of its logs.
struct Report {
  static constexpr int kVersion = 1;
  static constexpr const char* kName = "report";
  SessionId session;
  Claim claim;
  BuildId build;
  std::int64_t sequence = 0;
  std::vector<LogPiece> logs;
  std::vector<ProgressItem> items;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("session", s.session), f("claim", s.claim), f("build", s.build), f("sequence", s.sequence);
    f("logs", s.logs), f("items", s.items);
  }
};

/// D→W. Committed up to here. A log position below what was sent means: send again from there.
struct Reported {
  static constexpr int kVersion = 1;
  static constexpr const char* kName = "reported";
  Claim claim;
  std::int64_t sequence = 0;      ///< last report applied; 0: none yet
  bool finished = false;          ///< the build's end is committed: forget it
  std::vector<LogPosition> logs;  ///< only those that moved

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("claim", s.claim), f("sequence", s.sequence), f("finished", s.finished), f("logs", s.logs);
  }
};

/// W→D. A running build needs something that only a dispatcher can give.
struct Question {
  static constexpr int kVersion = 1;
  static constexpr const char* kName = "question";
  SessionId session;
  Claim claim;
  BuildId build;
  std::int64_t id = 0;                     ///< 1, 2, 3 … in this build
  std::string verb;                        ///< what is asked: "call"
  json::Value arguments = json::Object{};  ///< of the verb: CallArguments
  CallArguments call;                      ///< of protocol 1, which has no verb

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("session", s.session), f("claim", s.claim), f("build", s.build), f("id", s.id);
    f("verb", s.verb), f("arguments", s.arguments);
    CallArguments::fields(s.call, f);
  }
};

/// D→W.
struct Answer {
  static constexpr int kVersion = 1;
  static constexpr const char* kName = "answer";
  Claim claim;
  std::int64_t id = 0;
  json::Value value;
  std::optional<std::string> error;  ///< there is no value: step EXCEPTION with this text

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("claim", s.claim), f("id", s.id), f("value", s.value), f("error", s.error);
  }
};

/// W→D, every heartbeat_ms.
struct Heartbeat {
  static constexpr int kVersion = 1;
  static constexpr const char* kName = "heartbeat";
  SessionId session;
  int free_slots = 0;
  std::vector<Claim> held;
  std::int64_t number = 0;  ///< 1, 2, 3 … in this life
  std::int64_t probe = 0;   ///< number of the probe that this answers

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("session", s.session), f("free_slots", s.free_slots), f("held", s.held), f("number", s.number);
    f("probe", s.probe);
  }
};

/// What is wanted of one held build.
struct Wanted {
  Claim claim;
  bool cancel = false;
  bool fenced = false;
  std::string reason;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("claim", s.claim), f("cancel", s.cancel), f("fenced", s.fenced), f("reason", s.reason);
  }
};

/// D→W, answers a heartbeat, once the lease is renewed, with the level of every build named in it; also sent
/// at once when a cancel becomes known.
struct HeartbeatReply {
  static constexpr int kVersion = 1;
  static constexpr const char* kName = "heartbeat_reply";
  SessionId session;
  std::vector<Wanted> wanted;
  std::int64_t number = 0;  ///< of the heartbeat: the lease counts from when it was sent. 0: answers none

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("session", s.session), f("wanted", s.wanted), f("number", s.number);
  }
};

/// D→W. Another process asks for this worker's place: a heartbeat with this number keeps it.
struct Probe {
  static constexpr int kVersion = 1;
  static constexpr const char* kName = "probe";
  SessionId session;
  std::int64_t number = 0;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("session", s.session), f("number", s.number);
  }
};

/// W→D. The worker stops on purpose; what it still holds is lost at once.
struct Goodbye {
  static constexpr int kVersion = 1;
  static constexpr const char* kName = "goodbye";
  SessionId session;
  std::string reason;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("session", s.session), f("reason", s.reason);
  }
};

}  // namespace headrace::wire
