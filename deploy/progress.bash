# SPDX-License-Identifier: Apache-2.0
# To be sourced: what long work says while it goes on.

say() { printf '%s\n' "$*"; }

# show_progress WHAT [LOG]: reads the output of some work, keeps all of it in LOG, and prints one line every
# few seconds, also when the work itself is silent.
show_progress() {
  local what=$1 log=${2:-/dev/null} every=5 line='' last=$SECONDS start=$SECONDS status
  while :; do
    if IFS= read -r -t $every line; then
      printf '%s\n' "$line" >>"$log"
      [ $((SECONDS - last)) -ge $every ] || continue
    else
      status=$?
      [ $status -gt 128 ] || break
    fi
    last=$SECONDS
    say "$what ($((SECONDS - start)) s) ${line:0:90}"
  done
  say "$what: $((SECONDS - start)) s"
}
