// SPDX-License-Identifier: Apache-2.0
// The parts of a checkout that are more than one command, for /bin/sh. Their arguments are $1, $2 …
#pragma once

namespace headrace::worker {

/// $1: the tree. Fails when no copy of ours is there; prints whether it is cut off, "true" or "false".
/// A git that was killed leaves locks and unfinished files. Nobody else works in this directory.
/// The build before could write here whatever git obeys: hooks, filters, core.fsmonitor, another place for
/// the objects or the files. None of it may last, so each git directory gets the configuration that a clone
/// writes; of the old one only what names the format stays, and of a submodule its address and its refs. A
/// link is nothing that git makes. Files that the index says not to look at would stay as they are.
inline constexpr const char* kProbe = R"sh(
cd -- "$1" 2>/dev/null && [ -d .git ] && [ ! -L .git ] && [ -z "$(find .git -type l -print -quit)" ] || exit 1
tree=$(pwd -P)
find .git -name '*.lock' -type f -exec rm -f {} +
find .git \( -name refs -o -name logs \) -prune -o -type f \( -name gc.pid -o -name 'tmp_*' -o -name '.tmp-*' \) -exec rm -f {} +
tidy() {
  cd -- "$1" && [ -f config ] || exit 1
  version=0
  extensions=$(sed -n -E 's/^[[:space:]]*((objectformat|refstorage) = [a-z0-9]+)$/ \1/Ip' config)
  [ -z "$extensions" ] || version=1
  {
    printf '[core]\n repositoryformatversion = %s\n bare = false\n' "$version"
    if [ -n "$2" ]; then
      echo ' logallrefupdates = true'
      worktree=$(sed -n -E 's/^[[:space:]]*worktree = (\.\.\/[^"\\;#]*)$/\1/p' config | tail -n 1)
      linked "$worktree" && printf ' worktree = %s\n' "$worktree"
      echo '[remote "origin"]'
      sed -n -E -e 's/^[[:space:]]*(fetch = \+refs\/[^:]+:refs\/remotes\/origin\/.+|tagOpt = --no-tags)$/ \1/p' \
        -e '/::/d' -e 's/^[[:space:]]*(url = [^-"\\;#][^"\\;#]*)$/ \1/p' config
    fi
    [ -z "$extensions" ] || printf '[extensions]\n%s\n' "$extensions"
  } > config.headrace
  rm -rf hooks commondir gitdir config.worktree info/attributes info/grafts info/sparse-checkout \
    objects/info/alternates objects/info/http-alternates
  mv -f config.headrace config
}
linked() {
  [ -n "$1" ] && here=$(pwd -P) && (cd -- "$1" 2>/dev/null && there=$(pwd -P) && [ "${there#"$tree"/}" != "$there" ] &&
    [ -f .git ] && [ ! -L .git ] && cd -- "$(sed -n 's/^gitdir: //p' .git)" && [ "$(pwd -P)" = "$here" ])
}
(tidy .git '') || exit 1
[ ! -d .git/modules ] || find .git/modules -name HEAD -type f | while read -r head; do
  d=${head%/HEAD}
  if [ -e "$d/commondir" ]; then rm -rf -- "$d"; continue; fi
  [ ! -d "$d/objects" ] || (tidy "$d" module) || rm -rf -- "$d"
done
git init --quiet . && [ "$(git rev-parse --git-dir)" = .git ] && [ "$(git rev-parse --show-toplevel)" = "$tree" ] || exit 1
replaced=$(git for-each-ref --format='delete %(refname)' refs/replace)
[ -z "$replaced" ] || echo "$replaced" | git update-ref --stdin
if git ls-files -v | grep -q '^[a-zS]'; then rm -f .git/index; fi
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

/// Takes away what stands in the place of a submodule of the commit and is none: a repository that a build
/// left there would be obeyed by the next git that looks at it. A part of the two scripts below.
inline constexpr const char* kOnlySubmodules = R"sh(
gitlinks() { git ls-files --stage | awk -F '\t' '/^160000 / { print $2 }'; }
only_submodules() {
  modules=$(cd -- "$(git rev-parse --git-dir)" && pwd -P)/modules/
  gitlinks | while read -r path; do
    [ ! -L "$path" ] || { rm -f -- "$path" && mkdir -- "$path"; }
    [ -e "$path/.git" ] || [ -L "$path/.git" ] || continue
    (cd -- "$path" && there=$(pwd -P) && [ -f .git ] && [ ! -L .git ] &&
      cd -- "$(sed -n 's/^gitdir: //p' .git)" 2>/dev/null && here=$(pwd -P) && [ "${here#"$modules"}" != "$here" ] &&
      cd -- "$(git config --file config core.worktree)" 2>/dev/null && [ "$(pwd -P)" = "$there" ]) ||
      { rm -rf -- "$path" && mkdir -p -- "$path"; }
  done
}
)sh";

/// $1: the local branch, or "" for none, $2: the commit, $3: the remote's default branch, or "", $4: the
/// tracking ref that is wanted, $5: of a copy that is cut off, what it fetches, else "". Leaves the refs and
/// the configuration of a clone. The tree is right already: HEAD only gets the name of the branch. A copy
/// that is cut off has the tags on what it has; git's own following of tags would bring all history with
/// them.
inline constexpr const char* kAttach = R"sh(
only_submodules
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

/// $1: the depth, or "" for all history. Goes down by itself, because at each level it has to look first.
inline constexpr const char* kSubmodules = R"sh(
update() {
  only_submodules
  git submodule init && git submodule sync && git submodule update --force --progress ${1:+--depth "$1"} || return
  gitlinks | {
    while read -r path; do
      [ ! -f "$path/.git" ] || (cd -- "$path" && update "$1") || exit 1
    done
  }
}
update "$1" || exit
[ -n "$1" ] || git submodule --quiet foreach --recursive \
  'if [ "$(git rev-parse --is-shallow-repository)" = true ]; then git fetch --unshallow --progress; fi')sh";

}  // namespace headrace::worker
