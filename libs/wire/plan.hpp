// SPDX-License-Identifier: Apache-2.0
// The plan of a build: everything a worker needs to run it by itself.
//
// A *renderable* is a json::Value that may hold, anywhere inside, objects with one reserved key:
//   {"$property": NAME, "$default": V}   a property, or V when it is absent or false
//   {"$interpolate": TEXT}               Buildbot's Interpolate: %(prop:x)s, %(src:codebase:attr)s, …
//   {"$question": N}                     function N of the configuration; the dispatcher answers
// Everything else stands for itself. libs/render turns a renderable into a plain value.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/ids.hpp"
#include "model/property.hpp"
#include "wire/records.hpp"

namespace headrace::wire {

/// One step. `kind` names its room in worker/core/steps; among them are:
///   "command"       run `command`; every kind of shell step (shell, compile, test) is one of these
///   "git"           check out; options in `options`: url, branch, mode ("incremental"|"full"),
///                   method ("clean"|"fresh"|"clobber"|"copy"), shallow (bool or depth), submodules, codebase
///   "set_property"  options: property (name), value (renderable)
struct StepPlan {
  std::string kind;
  json::Value name;  ///< renderable; cut to 50 characters; repeated names get _1, _2 …
  StepFlags flags;
  json::Value do_step_if = true;        ///< renderable or question
  json::Value hide_step_if = false;     ///< bool or question (gets results)
  json::Value workdir = "build";        ///< renderable, relative to the build directory
  json::Value env = json::Object{};     ///< renderable; a null value removes the variable
  json::Value command;                  ///< renderable: string (shell) or list (exec)
  json::Value description;              ///< renderable: shown while it runs ("compiling")
  json::Value description_done;         ///< renderable: shown after ("compile")
  std::int64_t timeout_ms = 1'200'000;  ///< without output; 0: none
  std::int64_t max_time_ms = 0;         ///< in all; 0: none
  std::int64_t max_lines = 0;           ///< of output; 0: none
  std::int64_t sigterm_ms = 0;          ///< between SIGTERM and SIGKILL; 0: SIGKILL at once
  bool log_environ = true;
  json::Value initial_stdin;                   ///< renderable string or null
  std::map<int, Results> decode_rc;            ///< empty: 0 success, everything else failure
  std::optional<std::string> warning_pattern;  ///< PCRE2; counts matching lines, property warnings-count
  std::int64_t max_warn_count = -1;            ///< more warnings than this: failure; -1: no limit
  json::Value options = json::Object{};        ///< of the kind, see above

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("kind", s.kind), f("name", s.name), f("halt_on_failure", s.flags.halt_on_failure);
    f("flunk_on_failure", s.flags.flunk_on_failure), f("warn_on_failure", s.flags.warn_on_failure);
    f("flunk_on_warnings", s.flags.flunk_on_warnings), f("warn_on_warnings", s.flags.warn_on_warnings);
    f("always_run", s.flags.always_run), f("do_step_if", s.do_step_if), f("hide_step_if", s.hide_step_if);
    f("workdir", s.workdir), f("env", s.env), f("command", s.command), f("description", s.description);
    f("description_done", s.description_done), f("timeout_ms", s.timeout_ms), f("max_time_ms", s.max_time_ms);
    f("max_lines", s.max_lines), f("sigterm_ms", s.sigterm_ms), f("log_environ", s.log_environ);
    f("initial_stdin", s.initial_stdin), f("decode_rc", s.decode_rc), f("warning_pattern", s.warning_pattern);
    f("max_warn_count", s.max_warn_count), f("options", s.options);
  }
};

/// How the commands of a build are kept from the rest of their machine: docs/isolation.md. A worker that
/// cannot do it refuses the offer.
struct Isolation {
  std::string mode = "none";                    ///< "none", "process"
  bool preferred = false;                       ///< none will do where the machine cannot
  std::vector<std::string> readable, writable;  ///< absolute, or below "~", the home of the worker's user

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("mode", s.mode), f("preferred", s.preferred), f("readable", s.readable), f("writable", s.writable);
  }
};

struct BuildPlan {
  static constexpr int kVersion = 1;
  RequestId request;
  std::string builder;
  std::string directory;  ///< below the worker's base directory: "<builder>", "<builder>~2" …
  ConfigVersion config;
  Properties properties;  ///< all layers known before the build has a number
  std::vector<SourceStamp> sourcestamps;
  std::vector<ChangeId> changes;
  std::vector<StepPlan> steps;
  Isolation isolation;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("request", s.request), f("builder", s.builder), f("directory", s.directory), f("config", s.config);
    f("properties", s.properties), f("sourcestamps", s.sourcestamps), f("changes", s.changes);
    f("steps", s.steps), f("isolation", s.isolation);
  }
};

}  // namespace headrace::wire
