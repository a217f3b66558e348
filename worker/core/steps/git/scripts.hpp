// SPDX-License-Identifier: Apache-2.0
// The parts of a checkout that are more than one command, for /bin/sh. Their arguments are $1, $2 …
#pragma once

namespace headrace::worker {

/// $1: the tree. Fails when no copy of ours is there; prints whether it is cut off, "true" or "false".
/// A git that was killed leaves locks and unfinished files. Nobody else works in this directory.
inline constexpr const char* kProbe = R"sh(
cd -- "$1" 2>/dev/null && [ -d .git ] && [ ! -L .git ] || exit 1
find .git -name '*.lock' -type f -exec rm -f {} +
find .git \( -name refs -o -name logs \) -prune -o -type f \( -name gc.pid -o -name 'tmp_*' -o -name '.tmp-*' \) -exec rm -f {} +
[ "$(git rev-parse --git-dir)" = .git ] && [ "$(git rev-parse --show-toplevel)" = "$(pwd -P)" ] || exit 1
git rev-parse --verify -q HEAD > /dev/null && git rev-parse --is-shallow-repository)sh";

/// $1: what is to go, $2: the build directory. A build may leave folders that nobody can write to, and files
/// or dead links where folders are wanted.
inline constexpr const char* kRemove = R"sh(
rm -rf -- "$1" 2>/dev/null || { find "$1" -type d -exec chmod u+rwx {} \; ; rm -rf -- "$1" || exit; }
d=$(dirname -- "$1")
while [ "${d#"$2"/}" != "$d" ]; do
  [ -d "$d" ] || rm -f -- "$d" || exit
  d=$(dirname -- "$d")
done)sh";

/// $1: the address, or "" right after a clone, $2: "shallow" or "", $3: the tracking ref that is wanted. What
/// a clone of this depth has not goes; the local branches stay, to tell the remote what is here already.
inline constexpr const char* kConfigure = R"sh(exec 2>&1
git config gc.autoDetach false && git config maintenance.autoDetach false || exit
[ -n "$1" ] || exit 0
git config --remove-section remote.origin
git config remote.origin.url "$1" && git config remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*' || exit
[ -z "$2" ] || git for-each-ref --format='delete %(refname)' refs/remotes refs/tags refs/headrace |
  grep -v -x -F -e "delete $3" | git update-ref --no-deref --stdin)sh";

/// $1 …: names. Prints the commit of the first that names one, and which branch the remote's HEAD stood for.
/// A local branch is where the build before was, and no name of what is wanted.
inline constexpr const char* kResolve = R"sh(
for name; do
  git show-ref --quiet --verify -- "refs/heads/$name" && continue
  git rev-parse --verify --quiet "$name^{commit}" && { git symbolic-ref --quiet refs/remotes/origin/HEAD; exit 0; }
done
exit 1)sh";

/// Whether a fetch fails because of the copy.
inline constexpr const char* kFsck = R"sh(
git fsck --connectivity-only --no-progress && [ -z "$(find .git -type d ! -perm -u+rwx)" ])sh";

/// $1: the local branch, or "" for none, $2: the commit, $3: the remote's default branch, or "", $4: the
/// tracking ref that is wanted, $5: of a copy that is cut off, what it fetches, else "". Leaves the refs and
/// the configuration of a clone. The tree is right already: HEAD only gets the name of the branch. A copy
/// that is cut off has the tags on what it has; git's own following of tags would bring all history with
/// them.
inline constexpr const char* kAttach = R"sh(
git for-each-ref --format='%(refname)' refs/heads | while read -r ref; do
  [ "$ref" = "refs/heads/$1" ] || git branch --quiet -D -- "${ref#refs/heads/}"
done
git for-each-ref --format='delete %(refname)' refs/headrace | grep -v -x -F -e "delete $4" | git update-ref --stdin
if [ -n "$1" ]; then
  git update-ref "refs/heads/$1" "$2" && git symbolic-ref HEAD "refs/heads/$1" &&
    git config "branch.$1.remote" origin && git config "branch.$1.merge" "refs/heads/$1"
fi
[ -z "$3" ] || git symbolic-ref refs/remotes/origin/HEAD "refs/remotes/origin/$3"
[ -n "$5" ] || exit 0
git config remote.origin.fetch "$5"
tags=$({ git rev-list "$2" ${4:+"$4"} --; echo -; git ls-remote --tags origin; } | awk '
  $1 == "-" { listing = 1; next }
  !listing { here[$1] = 1; next }
  here[$1] { sub(/\^[{][}]$/, "", $2); print "+" $2 ":" $2 }' | sort -u)
[ -z "$tags" ] || printf '%s\n' "$tags" | git fetch --quiet --no-tags --no-recurse-submodules --stdin origin
exit 0)sh";

/// $1: the depth, or "" for all history.
inline constexpr const char* kSubmodules = R"sh(
git submodule sync --recursive && git submodule update --init --recursive --force --progress ${1:+--depth "$1"} || exit
[ -n "$1" ] || git submodule --quiet foreach --recursive \
  'if [ "$(git rev-parse --is-shallow-repository)" = true ]; then git fetch --unshallow --progress; fi')sh";

}  // namespace headrace::worker
