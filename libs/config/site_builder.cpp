// SPDX-License-Identifier: Apache-2.0
#include "config/site_builder.hpp"

#include <algorithm>

#include "config/checker.hpp"

namespace headrace::config {
namespace {

void set_source(Properties& properties, const char* source) {
  for (auto& [name, property] : properties) property.source = source;
}

class SiteBuilder {
 public:
  SiteBuilder(Declarations& declarations, Problems& problems)
      : declarations_(declarations), checker_(declarations, problems) {}

  Site run() {
    plans_.resize(declarations_.all.size());
    for (std::size_t i = 0; i < declarations_.all.size(); ++i)
      if (declarations_.all[i].word.starts_with("step.")) add_step(declarations_.all[i], plans_[i]);
    for (const auto& d : declarations_.all)
      if (!d.word.starts_with("step.")) add(d);
    check_directories();
    return std::move(site_);
  }

 private:
  // One checked declaration: its fields, and its row of the vocabulary.
  struct Given {
    const Declaration& declaration;
    const Word& word;
    ByTarget fields;
    std::string name, place;
  };

  void add(const Declaration& d) {
    const Word& word = Vocabulary::get().word(d.word);
    const Given given{d, word, by_target(word, checker_.check(d)), name_of(d), place(d.file, d.line)};
    if (!check_name(d)) return;
    const std::string family = word.kind();
    if (family == "site") add_site(given);
    if (family == "hook") add_hook(given);
    if (family == "change_source") site_.pollers.push_back(kind_of<Poller>(given));
    if (family == "worker") add_worker(given);
    if (family == "builder") add_builder(given);
    if (family == "scheduler") site_.schedulers.push_back(kind_of<Scheduler>(given));
    if (family == "reporter") site_.reporters.push_back(kind_of<Reporter>(given));
  }

  // Checks that the declaration has a name, that the name can be used, and that no other one of its kind has
  // it.
  bool check_name(const Declaration& d) {
    const Word& word = Vocabulary::get().word(d.word);
    const std::string name = name_of(d);
    if (word.naming == Word::Naming::required && !d.name) {
      const bool told = d.fields_in_error || d.fields.fields.contains("name");  // reported as no text
      if (!told) checker_.complain(d, "a " + d.word + " needs a name: " + d.word + " \"…\" { … }");
      return false;
    }
    const auto [first, added] = first_.try_emplace({word.kind(), name}, &d);
    if (!added) {
      checker_.complain(
          d, "a second " + (word.naming == Word::Naming::none ? d.word : word.kind() + " \"" + name + "\"") +
                 "; the first is at " + place(first->second->file, first->second->line));
      return false;
    }
    if (word.naming == Word::Naming::none) return true;
    const auto problem = name_problem(word.kind(), name);
    if (!problem.empty()) checker_.complain(d, "the name of " + d.label() + " " + problem);
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

  // Fills `to` with the vocabulary's defaults, and then with the fields that were given.
  template <class T>
  void fill(T& to, const Given& given) {
    bind(checker_.defaults(given.word).members, to);
    bind(given.fields.members, to);
  }

  Options options(const Given& given) {
    json::Object all = checker_.defaults(given.word).options;
    for (const auto& [name, value] : given.fields.options) all[name] = value;
    return Options(std::move(all), given.word);
  }

  // Makes the struct of a family whose kinds have rooms of their own.
  template <class T>
  T kind_of(const Given& given) {
    T one;
    one.name = given.name;
    one.kind = given.word.variant();
    if constexpr (!std::is_same_v<T, Poller>) fill(one, given);
    one.options = options(given);
    one.place = given.place;
    return one;
  }

  void add_site(const Given& given) {
    fill(site_, given);
    set_source(site_.properties, "Global");
  }

  void add_hook(const Given& given) {
    const Declaration& d = given.declaration;
    if (given.name != given.word.variant())
      checker_.complain(
          d, d.label() + ": a second hook of one dialect is not yet supported, so it has no name of its own");
    site_.hooks.push_back({given.word.variant(), options(given), given.place});
  }

  void add_worker(const Given& given) {
    Worker worker;
    worker.name = given.name;
    worker.embedded = given.word.name == "worker.embedded";
    fill(worker, given);
    set_source(worker.properties, "Worker");
    set_source(worker.default_properties, "Worker");
    worker.place = given.place;
    site_.workers.push_back(std::move(worker));
  }

  void add_step(const Declaration& d, wire::StepPlan& plan) {
    const Word& word = Vocabulary::get().word(d.word);
    const Given given{d, word, by_target(word, checker_.check(d)), "", ""};
    const auto& members = given.fields.members;
    const auto named = members.find("name");
    if ((d.name && d.name->empty()) || (named != members.end() && named->second == json::Value("")))
      checker_.complain(d, "the name of a step is empty");
    plan.kind = word.runs;
    plan.name = d.name.value_or(word.variant());
    fill(plan, given);
    // A description alone serves for both, as in Buildbot's summary.
    if (members.contains("description") && !members.contains("description_done"))
      plan.description_done = plan.description;
    plan.options = options(given).values();
  }

  void add_builder(const Given& given) {
    const Declaration& d = given.declaration;
    Builder builder;
    builder.name = given.name;
    fill(builder, given);
    const auto& members = given.fields.members;
    if (const auto steps = members.find("steps"); steps != members.end())
      for (const auto& index : steps->second.as_array())
        builder.steps.push_back(plans_[static_cast<std::size_t>(index.as_int())]);
    if (builder.steps.size() > kMaxSteps)
      checker_.complain(Spot(d).at("steps"), d.label() + " has " + std::to_string(builder.steps.size()) +
                                                 " steps, at most " + std::to_string(kMaxSteps) +
                                                 " are possible");
    builder.place = given.place;
    site_.builders.push_back(std::move(builder));
  }

  // The directory "<builder>~2" is for a builder's second build at the same time, so no other builder may
  // have that name.
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
        checker_.complain(d, "the name of " + d.label() + " is that of a work directory of builder \"" +
                                 other->name + "\"");
    }
  }

  Declarations& declarations_;
  Checker checker_;
  Site site_;
  std::vector<wire::StepPlan> plans_;  // of the steps, by the index of the step's declaration
  std::map<std::pair<std::string, std::string>, const Declaration*> first_;
};

}  // namespace

Site build_site(Declarations& declarations, Problems& problems) {
  return SiteBuilder(declarations, problems).run();
}

}  // namespace headrace::config
