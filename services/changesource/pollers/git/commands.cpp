// SPDX-License-Identifier: Apache-2.0
#include "changesource/pollers/git/commands.hpp"

#include "changesource/pollers/git/commits.hpp"

namespace headrace::changesource::git_poller {
namespace {

using Words = std::vector<std::string>;

constexpr const char* kTracking = "refs/headrace/";  // + the remote's name of the ref without "refs/"
constexpr milliseconds kGarbageSilence{3'600'000};   // git says nothing while it packs

template <class Lines>
std::string lines(const Lines& from, const std::string& before = "", const std::string& after = "") {
  std::string out;
  for (const auto& line : from) out += before + line + after + "\n";
  return out;
}

}  // namespace

GitCommand tidy() {
  return {{"/bin/sh", "-c", R"sh(
find . -name '*.lock' -type f -exec rm -f {} + &&
find . \( -name refs -o -name logs \) -prune -o -type f \( -name gc.pid -o -name 'tmp_*' -o -name '.tmp-*' \) -exec rm -f {} +
)sh"}};
}

GitCommand make_repository(const std::string& format) {
  Words argv = {"git", "init", "--quiet", "--bare"};
  if (format != "sha1") argv.push_back("--object-format=" + format);
  argv.push_back(".");
  return {std::move(argv)};
}

GitCommand local_refs() { return {{"git", "for-each-ref", "--format=%(objectname) %(refname)", kTracking}}; }

GitCommand object_format() { return {{"git", "rev-parse", "--show-object-format"}}; }

GitCommand ask_remote(const std::string& url, const Words& options, const Words& wanted) {
  Words argv = {"git", "ls-remote", "--symref"};
  argv.insert(argv.end(), options.begin(), options.end());
  argv.insert(argv.end(), {"--", url});
  argv.insert(argv.end(), wanted.begin(), wanted.end());
  return {std::move(argv)};
}

GitCommand delete_refs(const Words& refs) {
  return {{"git", "-c", "core.fsync=none", "update-ref", "--stdin"}, lines(refs, "delete ")};
}

GitCommand fetch(const std::string& url, const Words& refspecs) {
  return {{"git", "-c", "core.fsync=none", "-c", "gc.auto=0", "fetch", "--progress", "--force", "--no-tags",
           "--no-write-fetch-head", "--no-recurse-submodules", "--stdin", "--", url},
          lines(refspecs)};
}

GitCommand pack_refs() { return {{"git", "pack-refs", "--all"}}; }

GitCommand collect_garbage() {
  return {{"git", "-c", "gc.autoDetach=false", "gc", "--auto", "--quiet"}, "", kGarbageSilence};
}

GitCommand types_of(const std::set<std::string>& commits) {
  return {{"git", "cat-file", "--batch-check", "--buffer"}, lines(commits)};
}

GitCommand log(const std::string& tip, const std::set<std::string>& seen, bool newest_only) {
  GitCommand command{{"git"}, tip + "\n" + lines(seen, "^")};
  command.argv.insert(command.argv.end(), log_arguments().begin(), log_arguments().end());
  if (newest_only) command.argv.push_back("--max-count=1");
  command.argv.insert(command.argv.end(), {"--stdin", "--"});
  return command;
}

GitCommand check() { return {{"git", "fsck", "--connectivity-only", "--progress"}}; }

GitCommand remove_everything() {
  return {{"/bin/sh", "-c", R"sh(
find . -type d ! -perm -u+rwx -exec chmod u+rwx {} \;
find . -mindepth 1 -maxdepth 1 -exec rm -rf {} +
)sh"}};
}

std::string tracking_ref(const std::string& ref) {
  return kTracking + (ref.starts_with("refs/") ? ref.substr(5) : ref);
}

std::string refspec(const std::string& ref) { return "+" + ref + ":" + tracking_ref(ref); }

}  // namespace headrace::changesource::git_poller
