// SPDX-License-Identifier: Apache-2.0
#include "config/site_builder.hpp"

#include <algorithm>

#include "config/checked_fields.hpp"
#include "config/checker.hpp"
#include "config/step_plans.hpp"

namespace headrace::config {
namespace {

class SiteBuilder {
 public:
  SiteBuilder(Declarations& declarations, Problems& problems)
      : declarations_(declarations), checker_(declarations, problems) {}

  Site run() {
    plans_.resize(declarations_.all.size());
    for (std::size_t i = 0; i < declarations_.all.size(); ++i)
      if (declarations_.all[i].word.starts_with("step.")) add_step(declarations_.all[i], plans_[i]);
    for (const auto& d : declarations_.all) {
      if (d.word.starts_with("step.")) continue;
      const Fields fields(checker_.check(d));
      if (!check_name(d)) continue;
      const std::string place = config::place(d.file, d.line);
      if (d.word == "site") add_site(d, fields);
      if (d.word.starts_with("hook.")) add_hook(d, fields, place);
      if (d.word == "change_source.git") add_poller(d, fields, place);
      if (d.word.starts_with("worker")) add_worker(d, fields, place);
      if (d.word == "builder") add_builder(d, fields, place);
      if (d.word.starts_with("scheduler.")) add_scheduler(d, fields, place);
      if (d.word.starts_with("reporter.")) add_reporter(d, fields, place);
    }
    check_directories();
    return std::move(site_);
  }

 private:
  // The name is there, can be used, and is the first of its kind.
  bool check_name(const Declaration& d) {
    const Word& word = Vocabulary::get().word(d.word);
    const std::string name = name_of(d);
    if (word.naming == Word::Naming::required && !d.name) {
      const bool told = d.lost || d.fields.fields.contains("name");  // of a name that is no text
      if (!told) checker_.wrong(d, "a " + d.word + " needs a name: " + d.word + " \"…\" { … }");
      return false;
    }
    const auto [first, added] = first_.try_emplace({word.kind(), name}, &d);
    if (!added) {
      checker_.wrong(d, "a second " +
                            (word.naming == Word::Naming::none ? d.word : word.kind() + " \"" + name + "\"") +
                            "; the first is at " + place(first->second->file, first->second->line));
      return false;
    }
    if (word.naming == Word::Naming::none) return true;
    const auto problem = name_problem(word.kind(), name);
    if (!problem.empty()) checker_.wrong(d, "the name of " + d.label() + " " + problem);
    return problem.empty();
  }

  static std::string name_of(const Declaration& d) {
    const Word& word = Vocabulary::get().word(d.word);
    return word.naming == Word::Naming::none ? "" : d.name.value_or(word.variant());
  }

  static std::string name_problem(const std::string& kind, const std::string& name) {
    const auto length = std::count_if(name.begin(), name.end(), [](char c) { return (c & 0xc0) != 0x80; });
    if (name.empty()) return "is empty";
    if (length > 70) return "has " + std::to_string(length) + " characters, at most 70 are possible";
    if (std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
      return "has a control character";
    if (name != json::valid_utf8(name)) return "is not UTF-8";
    if (kind == "builder" || kind == "worker") {
      if (name.find_first_of("/\\") != std::string::npos)
        return "has a '/' or '\\': it is the name of a directory";
      if (name.front() == '.' || name.front() == '~')
        return "begins with '" + name.substr(0, 1) + "': it is the name of a directory";
    }
    return "";
  }

  void add_site(const Declaration&, const Fields& f) {
    f.copy("title", site_.title);
    f.copy("url", site_.url);
    f.copy("time_zone", site_.time_zone);
    f.copy("properties", site_.properties, "Global");
    f.copy("collapse_requests", site_.collapse_requests);
    f.copy_function("codebase", site_.codebase_fn);
  }

  void add_hook(const Declaration& d, const Fields& f, const std::string& place) {
    const std::string dialect = d.word.substr(d.word.find('.') + 1);
    if (d.name && *d.name != dialect)
      checker_.wrong(
          d, d.label() + ": a second hook of one dialect is not yet supported, so it has no name of its own");
    Hook hook{dialect, Fields(f).take(), place};
    if (hook.options.contains("strict") && hook.options["strict"].as_bool() &&
        !hook.options.contains("secret") && !d.fields.fields.contains("secret"))
      checker_.wrong(Spot{&d, {"strict"}},
                     "strict of " + d.label() + " needs a secret to check requests with");
    site_.hooks.push_back(std::move(hook));
  }

  void add_poller(const Declaration& d, const Fields& f, const std::string& place) {
    GitPoller poller;
    poller.name = name_of(d);
    f.copy("url", poller.url);
    f.copy("branches", poller.branches);
    f.copy("only_tags", poller.only_tags);
    f.copy("poll_interval", poller.poll_interval_ms);
    f.copy("codebase", poller.codebase);
    f.copy("project", poller.project);
    f.copy("category", poller.category);
    poller.place = place;
    site_.git_pollers.push_back(std::move(poller));
  }

  void add_worker(const Declaration& d, const Fields& f, const std::string& place) {
    Worker worker;
    worker.name = *d.name;
    worker.embedded = d.word == "worker.embedded";
    f.copy("slots", worker.slots);
    f.copy("properties", worker.properties, "Worker");
    f.copy("default_properties", worker.default_properties, "Worker");
    worker.place = place;
    site_.workers.push_back(std::move(worker));
  }

  void add_step(const Declaration& d, wire::StepPlan& plan) {
    const json::Object fields = checker_.check(d);
    const auto named = fields.find("name");
    if ((d.name && d.name->empty()) || (named != fields.end() && named->second == json::Value("")))
      checker_.wrong(d, "the name of a step is empty");
    const auto mode = fields.find("mode");
    if (d.word == "step.git" && fields.contains("method") &&
        (mode == fields.end() || mode->second == json::Value("incremental")))
      checker_.wrong(Spot{&d, {"method"}}, "method of " + d.label() + " is used with mode = \"full\" only");
    plan = step_plan(d, fields);
  }

  void add_builder(const Declaration& d, const Fields& f, const std::string& place) {
    Builder builder;
    builder.name = *d.name;
    f.copy("workers", builder.workers);
    f.copy("tags", builder.tags);
    f.copy("description", builder.description);
    f.copy("env", builder.env);
    f.copy("properties", builder.properties);
    f.copy("default_properties", builder.default_properties);
    f.copy("max_builds_per_worker", builder.max_builds_per_worker);
    f.copy("collapse_requests", builder.collapse_requests);
    if (const auto* steps = f.find("steps"))
      for (const auto& index : steps->as_array())
        builder.steps.push_back(plans_[static_cast<std::size_t>(index.as_int())]);
    if (builder.steps.size() > kMaxSteps)
      checker_.wrong(Spot{&d, {"steps"}}, d.label() + " has " + std::to_string(builder.steps.size()) +
                                              " steps, at most " + std::to_string(kMaxSteps) +
                                              " are possible");
    builder.place = place;
    site_.builders.push_back(std::move(builder));
  }

  void add_scheduler(const Declaration& d, const Fields& f, const std::string& place) {
    Scheduler scheduler;
    scheduler.name = *d.name;
    scheduler.kind = d.word.substr(d.word.find('.') + 1);
    f.copy("builders", scheduler.builders);
    f.copy("properties", scheduler.properties);
    f.copy("reason", scheduler.reason);
    f.copy("priority", scheduler.priority);
    if (const auto* filter = f.find("change_filter"))
      scheduler.change_filter = change_filter(filter->as_object());
    scheduler.has_branch = f.find("branch") != nullptr;
    f.copy("branch", scheduler.branch);
    f.copy("tree_stable_timer", scheduler.tree_stable_ms);
    f.copy("important_files", scheduler.important_files);
    f.copy_function("important", scheduler.important);
    f.copy("only_important", scheduler.only_important);
    if (scheduler.important != 0 && !scheduler.important_files.empty())
      checker_.wrong(Spot{&d, {"important"}}, d.label() + " has both 'important' and 'important_files'");
    if (const auto* codebases = f.find("codebases"))
      for (const auto& [codebase, given] : codebases->as_object()) {
        const Fields stamp(given.as_object());
        wire::SourceStamp& s = scheduler.codebases[codebase];
        s.codebase = codebase;
        stamp.copy("repository", s.repository);
        stamp.copy("project", s.project);
        stamp.copy("branch", s.branch);
        stamp.copy("revision", s.revision);
      }
    if (scheduler.kind == "force") scheduler.button_name = scheduler.name;
    f.copy("button_name", scheduler.button_name);
    scheduler.place = place;
    site_.schedulers.push_back(std::move(scheduler));
  }

  void add_reporter(const Declaration& d, const Fields& f, const std::string& place) {
    Reporter reporter;
    reporter.name = name_of(d);
    reporter.kind = d.word.substr(d.word.find('.') + 1);
    if (reporter.kind == "mail") reporter.mode = {"failing", "passing", "warnings"};
    f.copy("mode", reporter.mode);
    if (const auto* builders = f.find("builders")) reporter.builders = Selector{Fields::texts(*builders)};
    f.copy("tags", reporter.tags);
    f.copy("branches", reporter.branches);
    f.copy("schedulers", reporter.schedulers);
    if (reporter.builders && reporter.tags)
      checker_.wrong(Spot{&d, {"tags"}}, d.label() + " has both 'builders' and 'tags'");
    f.copy("from", reporter.from);
    f.copy("to", reporter.to);
    f.copy("relay", reporter.relay);
    f.copy("smtp_user", reporter.smtp_user);
    f.copy("smtp_password", reporter.smtp_password);
    f.copy("use_tls", reporter.use_tls);
    f.copy("send_to_interested_users", reporter.send_to_interested_users);
    f.copy("lookup", reporter.lookup);
    if (const auto* subject = f.find("subject"); subject != nullptr && subject->is_string())
      reporter.subject = subject->as_string();
    f.copy_function("subject", reporter.subject_fn);
    f.copy_function("body", reporter.body_fn);
    f.copy("extra_headers", reporter.extra_headers);
    f.copy("server_url", reporter.server_url);
    f.copy("headers", reporter.headers);
    if (const auto* auth = f.find("auth")) {
      reporter.auth_user = auth->as_array()[0].as_string();
      reporter.auth_password = auth->as_array()[1].as_string();
    }
    reporter.place = place;
    site_.reporters.push_back(std::move(reporter));
  }

  // "<builder>~2" is the directory of a builder's second build at once: no other builder may be called so.
  void check_directories() {
    for (const auto& d : declarations_.all) {
      if (d.word != "builder" || !d.name) continue;
      const auto tilde = d.name->rfind('~');
      if (tilde == std::string::npos) continue;
      const Builder* other = site_.builder(d.name->substr(0, tilde));
      const std::string number = d.name->substr(tilde + 1);
      if (other == nullptr || number.empty() || number.size() > 7 ||
          number.find_first_not_of("0123456789") != std::string::npos)
        continue;
      if (std::stoi(number) >= 2 && std::stoi(number) <= other->max_builds_per_worker)
        checker_.wrong(d, "the name of " + d.label() + " is that of a work directory of builder \"" +
                              other->name + "\"");
    }
  }

  Declarations& declarations_;
  Checker checker_;
  Site site_;
  std::vector<wire::StepPlan> plans_;  // of the steps, by the index of their declaration
  std::map<std::pair<std::string, std::string>, const Declaration*> first_;
};

}  // namespace

Site build_site(Declarations& declarations, Problems& problems) {
  return SiteBuilder(declarations, problems).run();
}

}  // namespace headrace::config
