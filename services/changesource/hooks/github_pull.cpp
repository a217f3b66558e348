// SPDX-License-Identifier: Apache-2.0
// Pull requests. The payload tells neither the head commit's message, which may ask to be skipped, nor the
// files; both come from GitHub's API, and the change is recorded without them when it does not answer.
#include <cctype>
#include <set>

#include "changesource/hooks/github.hpp"
#include "changesource/hooks/payload.hpp"
#include "changesource/hooks/properties.hpp"
#include "json/bounded_parse.hpp"
#include "limits/limits.hpp"

namespace headrace::changesource::hooks {
namespace {

// GitHub waits ten seconds for our answer, and ours waits for these.
constexpr milliseconds kApiTimeout{8'000};
// GitHub's page of files, and where GitHub itself ends (3,000 files).
constexpr std::size_t kFilesPerPage = 30;
constexpr int kMaxPages = 100;

// What comes from a payload must not lead our token to another resource.
std::string path_escaped(const std::string& text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '/') {
      out += static_cast<char>(c);
    } else {
      out += '%';
      out += kDigits[c >> 4];
      out += kDigits[c & 15];
    }
  }
  return out;
}

bool is_repository_name(const std::string& name) {
  return ("/" + name + "/").find("/../") == std::string::npos &&
         ("/" + name + "/").find("/./") == std::string::npos && name.find("//") == std::string::npos &&
         !name.empty();
}

http::Call api_call(const GithubOptions& options, const std::string& path) {
  http::Call call;
  call.url = options.github_api_endpoint + path;
  call.headers = {{"User-Agent", "Headrace"}, {"Accept", "application/json"}};
  if (!options.token.empty()) call.headers.emplace_back("Authorization", "token " + options.token);
  call.timeout = kApiTimeout;
  call.verify_tls = options.verify;
  return call;
}

// The JSON of a good reply; null, and a warning, for any other.
json::Value json_of(const http::Reply& reply, const std::string& what, Delivery& delivery) {
  std::string why = reply.error;
  if (why.empty() && (reply.status < 200 || reply.status > 299))
    why = "status " + std::to_string(reply.status);
  if (why.empty()) {
    auto value = json::parse_bounded(reply.body, limits::kHookJsonValues);
    if (value) return std::move(*value);
    why = value.error().text;
  }
  delivery.warnings.push_back("GitHub's API does not tell " + what + ": " + why);
  return {};
}

// Adds a page of files; true when there may be another.
bool add_files(const json::Value& page, wire::Change& change) {
  if (!page.is_array()) return false;
  for (const auto& file : page.as_array()) {
    // A file that was moved has also left its old place.
    for (const char* key : {"filename", "previous_filename"}) {
      if (file[key].is_string()) change.files.push_back(file[key].as_string());
    }
  }
  return page.as_array().size() >= kFilesPerPage;
}

Questions more_files(const GithubOptions& options, const std::string& path, Delivery delivery, int page) {
  Questions questions;
  questions.calls = {api_call(options, path + "?page=" + std::to_string(page))};
  questions.resume = [=](const std::vector<http::Reply>& replies) mutable -> Outcome {
    const auto files = json_of(replies.at(0), "page " + std::to_string(page) + " of the files", delivery);
    if (add_files(files, delivery.changes[0]) && page < kMaxPages) {
      return more_files(options, path, std::move(delivery), page + 1);
    }
    return std::move(delivery);
  };
  return questions;
}

}  // namespace

Outcome receive_github_pull(const json::Value& root, const GithubOptions& options) {
  static const std::set<std::string, std::less<>> kActions = {"opened", "reopened", "synchronize"};
  if (!kActions.contains(root["action"].string_or(""))) return Delivery{};

  Payload payload(root);
  const std::string number = payload.printed("number");
  const std::string commits = payload.printed("pull_request.commits");
  wire::Change change;
  change.source = "github";
  change.author = payload.text("sender.login");
  change.branch = "refs/pull/" + number + "/" + options.pullrequest_ref;
  change.revision = payload.text("pull_request.head.sha");
  change.category = "pull";
  change.codebase = options.codebase;
  change.repository = payload.text("repository.html_url");
  change.project = payload.text("repository.full_name");
  change.revlink = payload.text("pull_request._links.html.href");
  change.when_ms = payload.time_ms("pull_request.created_at");
  change.comments = "GitHub Pull Request #" + number + " (" + commits +
                    (commits == "1" ? " commit" : " commits") + ")\n" +
                    payload.printed("pull_request.title") + "\n" + payload.printed("pull_request.body");
  set_property(change.properties, "pullrequesturl", *change.revlink);
  set_property(change.properties, "event", "pull_request");
  set_property(change.properties, "basename", payload.need("pull_request.base.ref"));
  override_with(change.properties,
                whitelisted(root["pull_request"], "github", options.github_property_whitelist));
  if (!root["number"].is_int()) payload.complain("'number' is a whole number");
  if (!is_repository_name(change.project))
    payload.complain("'repository.full_name' is no name of a repository");
  if (!payload.problem().empty()) return Refusal{400, payload.problem()};

  const std::string repository = "/repos/" + path_escaped(change.project);
  const std::string files = repository + "/pulls/" + number + "/files";
  Delivery delivery;
  delivery.changes.push_back(std::move(change));
  Questions questions;
  questions.calls = {
      api_call(options, repository + "/commits/" + path_escaped(*delivery.changes[0].revision)),
      api_call(options, files)};
  questions.resume = [=](const std::vector<http::Reply>& replies) mutable -> Outcome {
    const auto commit = json_of(replies.at(0), "the head commit's message", delivery);
    if (options.compiled_skips.match(commit.at_path("commit.message").string_or(""))) return Delivery{};
    const auto page = json_of(replies.at(1), "the changed files", delivery);
    if (add_files(page, delivery.changes[0])) return more_files(options, files, std::move(delivery), 2);
    return std::move(delivery);
  };
  return questions;
}

}  // namespace headrace::changesource::hooks
