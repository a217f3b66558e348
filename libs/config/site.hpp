// SPDX-License-Identifier: Apache-2.0
// The configuration as data: the checked declarations of `headrace.lua`, with functions as numbers.
//
// Every process evaluates the same files, and so gives the functions the same numbers: FunctionId N of
// version V is the same function everywhere. A struct has the members that every kind of its family has;
// fields() names them. The other fields are `options`, which the kind itself reads (options.hpp).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/named.hpp"
#include "config/options.hpp"
#include "json/value.hpp"
#include "model/property.hpp"
#include "wire/plan.hpp"

namespace headrace::config {

/// A selector of names: exact names and globs (`*`, `?`, `[…]`); empty selects nothing.
struct Selector {
  std::vector<std::string> patterns;
  bool matches(std::string_view name) const;
};
void read_option(const json::Value& value, Selector& to);

/// The place of a declaration, for messages: "headrace.lua:12".
using Place = std::string;

struct Hook {
  std::string dialect;  ///< "github", "gitlab", "base"
  Options options;
  Place place;
};

/// A declared change source that polls.
struct Poller {
  std::string name;
  std::string kind;  ///< "git"
  Options options;
  Place place;
};

struct Worker {
  std::string name;
  int slots = 1;
  bool embedded = false;
  Properties properties;  ///< source "Worker"
  Properties default_properties;
  std::string isolation;                        ///< "none", "process"; "" (embedded): process where it can be
  std::vector<std::string> readable, writable;  ///< of isolated steps; may begin with "~"
  Place place;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("slots", s.slots), f("properties", s.properties), f("default_properties", s.default_properties);
    f("isolation", s.isolation), f("readable", s.readable), f("writable", s.writable);
  }
};

struct Builder {
  std::string name;
  std::vector<std::string> workers;  ///< names of declared workers, in order, each once; globs are resolved
  std::vector<std::string> tags;
  std::string description;
  json::Value env = json::Object{};  ///< renderable
  /// name → renderable; source "Builder" (default_properties fill gaps only)
  std::map<std::string, json::Value> properties, default_properties;
  int max_builds_per_worker = 1;
  std::vector<wire::StepPlan> steps;
  Place place;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("workers", s.workers), f("tags", s.tags), f("description", s.description), f("env", s.env);
    f("properties", s.properties), f("default_properties", s.default_properties);
    f("max_builds_per_worker", s.max_builds_per_worker);
  }
};

struct Scheduler {
  std::string name;
  std::string kind;                               ///< "branch", "force"
  std::vector<std::string> builders;              ///< resolved names
  std::map<std::string, json::Value> properties;  ///< known without a build: plain, or {"$question":N}
  std::string reason;                             ///< "": the kind's default
  std::int64_t priority = 0;
  Options options;
  Place place;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("builders", s.builders), f("properties", s.properties), f("reason", s.reason);
    f("priority", s.priority);
  }
};

struct Reporter {
  std::string name;
  std::string kind;               ///< "mail", "http"
  std::vector<std::string> mode;  ///< change failing passing problem warnings exception cancelled
  std::optional<Selector> builders;
  std::optional<std::vector<std::string>> tags, branches, schedulers;
  Options options;
  Place place;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("mode", s.mode), f("builders", s.builders), f("tags", s.tags), f("branches", s.branches);
    f("schedulers", s.schedulers);
  }
};

struct Site {
  std::string title = "Headrace";
  std::string url = "http://127.0.0.1:8010/";
  Properties properties;  ///< source "Global"
  FunctionId codebase_fn = 0;
  std::vector<Hook> hooks;
  std::vector<Poller> pollers;
  Named<Worker> workers;
  Named<Builder> builders;
  Named<Scheduler> schedulers;
  std::vector<Reporter> reporters;

  /// Null when there is none. Cost: O(log n).
  const Worker* worker(std::string_view name) const { return workers.find(name); }
  const Builder* builder(std::string_view name) const { return builders.find(name); }
  const Scheduler* scheduler(std::string_view name) const { return schedulers.find(name); }

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f("title", s.title), f("url", s.url), f("properties", s.properties), f("codebase", s.codebase_fn);
  }
};

}  // namespace headrace::config
