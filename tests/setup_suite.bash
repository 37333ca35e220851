# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Before the first and after the last test of a bats run: certificates, once
# for each build, and a look whether anything was left running.

setup_suite() {
  # shellcheck source=/dev/null
  source "${top_builddir:-${BASH_SOURCE[0]%/*}/../build}/tests/env"
  export top_srcdir top_builddir

  # What we start inherits this; so does what that starts.
  export BATS_RUN_OF_MQTT_TOOLS=$BATS_SUITE_TMPDIR

  export CERTS=$top_builddir/tests/certs
  (
    flock 9
    [ -e "$CERTS/server-chain.pem" ] ||
      "$top_srcdir/tests/brokers/certs.sh" "$CERTS"
  ) 9> "$CERTS.lock"
}

# Processes of this run, except the one that asks.
left_running() {
  local dir pid
  for dir in /proc/[0-9]*; do
    pid=${dir#/proc/}
    [[ $pid != "$BASHPID" && $pid != "$$" ]] || continue
    grep -qsxzF "BATS_RUN_OF_MQTT_TOOLS=$BATS_SUITE_TMPDIR" "$dir/environ" &&
      printf '%s %s\n' "$pid" "$(tr '\0' ' ' 2> /dev/null < "$dir/cmdline")"
  done
}

teardown_suite() {
  local left
  left=$(left_running)
  [ -n "$left" ] || return 0
  echo "# left running:" >&2
  printf '%s\n' "$left" | sed 's/^/#   /' >&2
  printf '%s\n' "$left" | while read -r pid _; do
    kill -KILL "$pid"
  done
  return 1
}
