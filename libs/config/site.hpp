// SPDX-License-Identifier: Apache-2.0
// The configuration as data: what `headrace.lua` says, checked, with functions as numbers.
//
// Every process evaluates the same files and so numbers the functions alike: FunctionId N of version V
// is the same function everywhere.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "json/value.hpp"
#include "model/property.hpp"
#include "wire/plan.hpp"

namespace headrace::config {

/// Index of a Lua function of this configuration; 0: none.
using FunctionId = std::int64_t;

/// A selector of names: exact names and globs (`*`, `?`, `[…]`); empty selects nothing.
struct Selector {
  std::vector<std::string> patterns;
  bool matches(std::string_view name) const;
};

/// Where something was declared, for messages: "headrace.lua:12".
using Place = std::string;

struct Hook {
  std::string dialect;   ///< "github", "gitlab", "base"
  json::Object options;  ///< as declared, Buildbot's names in snake_case, plain values
  Place place;
};

struct GitPoller {
  std::string name;
  std::string url;
  std::vector<std::string> branches;  ///< globs; empty: the remote's HEAD
  bool only_tags = false;
  std::int64_t poll_interval_ms = 600'000;
  std::string codebase;
  std::string project;
  std::optional<std::string> category;
  Place place;
};

struct Worker {
  std::string name;
  int slots = 1;
  bool embedded = false;
  Properties properties;  ///< source "Worker"
  Properties default_properties;
  Place place;
};

/// Buildbot's ChangeFilter. An unset member does not filter.
struct ChangeFilter {
  struct Attribute {
    std::optional<std::vector<std::optional<std::string>>> eq;         ///< nullopt element: null
    std::optional<std::vector<std::optional<std::string>>> not_equal;  // `not_eq` is a word of C++
    std::vector<std::string> re;      ///< PCRE2, matched from the start; any of
    std::vector<std::string> not_re;  ///< none of
    FunctionId fn = 0;
  };
  std::map<std::string, Attribute> attributes;  ///< project, repository, branch, category, codebase
  std::map<std::string, std::vector<json::Value>> property_eq, property_not_eq;
  std::map<std::string, std::vector<std::string>> property_re, property_not_re;
  FunctionId filter_fn = 0;
};

struct Builder {
  std::string name;
  std::vector<std::string> workers;  ///< globs resolved: names of declared workers, in order, no repeats
  std::vector<std::string> tags;
  std::string description;
  json::Value env = json::Object{};  ///< renderable
  /// name → renderable; source "Builder" (default_properties fill gaps only)
  std::map<std::string, json::Value> properties, default_properties;
  int max_builds_per_worker = 1;
  std::optional<bool> collapse_requests;  ///< of the builder, else the site's, else true
  std::vector<wire::StepPlan> steps;
  Place place;
};

struct Scheduler {
  std::string name;
  std::string kind;                               ///< "branch", "force"
  std::vector<std::string> builders;              ///< resolved names
  std::map<std::string, json::Value> properties;  ///< renderables without build: plain, or {"$question":N}
  std::string reason;                             ///< "" : the kind's default
  std::int64_t priority = 0;
  // branch
  std::optional<ChangeFilter> change_filter;
  std::optional<std::string> branch;         ///< set: only this branch (has_branch)
  bool has_branch = false;                   ///< `branch` was given (nil = the default branch)
  std::int64_t tree_stable_ms = 0;           ///< 0: every important change at once
  std::vector<std::string> important_files;  ///< globs (`**` crosses directories); empty: all are important
  FunctionId important = 0;
  bool only_important = false;
  /// codebase → defaults; empty: the one codebase ""
  std::map<std::string, wire::SourceStamp> codebases;
  // force
  std::string button_name;
  Place place;
};

struct Reporter {
  std::string name;
  std::string kind;               ///< "mail", "http"
  std::vector<std::string> mode;  ///< change failing passing problem warnings exception cancelled
  std::optional<Selector> builders;
  std::optional<std::vector<std::string>> tags, branches, schedulers;
  // mail
  std::string from;
  std::vector<std::string> to;
  std::string relay = "smtp://localhost:25";
  std::string smtp_user, smtp_password;
  bool use_tls = false;
  bool send_to_interested_users = true;
  std::string lookup;   ///< domain appended to user names
  std::string subject;  ///< "" : the default; interpolated
  FunctionId subject_fn = 0, body_fn = 0;
  std::map<std::string, std::string> extra_headers;
  // http
  std::string server_url;
  std::string auth_user, auth_password;
  std::map<std::string, std::string> headers;
  Place place;
};

struct Site {
  std::string title = "Headrace";
  std::string url = "http://127.0.0.1:8010/";
  std::string time_zone;
  Properties properties;  ///< source "Global"
  std::optional<bool> collapse_requests;
  FunctionId codebase_fn = 0;
  std::vector<Hook> hooks;
  std::vector<GitPoller> git_pollers;
  std::vector<Worker> workers;
  std::vector<Builder> builders;
  std::vector<Scheduler> schedulers;
  std::vector<Reporter> reporters;

  const Worker* worker(std::string_view name) const;
  const Builder* builder(std::string_view name) const;
  const Scheduler* scheduler(std::string_view name) const;
};

}  // namespace headrace::config
