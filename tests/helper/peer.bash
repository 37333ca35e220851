# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The peers in C, for bats files:   load helper/helpers
#                                   load helper/peer
#
# start_puppet < SCRIPT        a scripted peer on $PUPPET_PORT ($PUPPET_PORT2
#                              ... when the script listens more than once)
# puppet_saw REGEX             did this happen?  (wait_for 5 puppet_saw ...)
# puppet_count REGEX           prints how often
# puppet_log                   prints all that happened so far
# finish puppet [STATUS]       wait for the end of the script
#
# start_counter [OPTION]...    a counting peer on $COUNTER_PORT
# counter_result KEY           ends it; prints one value of its result
#
# start_proxy ADDRESS [RULE]...   a fault proxy on $PROXY_PORT to ADDRESS
# proxy_do RULE                at once, for connections that are open
# proxy_saw REGEX, proxy_log   packets that it let through
#
# README.md beside this file has the languages.  When a test needs several of
# a kind: PUPPET=NAME, COUNTER=NAME, PROXY=NAME before these words; NAME is
# then what stop and finish want.  PEER_DEADLINE is in seconds.

PEERS=${top_builddir:?helper/helpers comes first}/tests/helper

peer_port_line() { # JOB N
  sed -n "$2s/^port //p" "$BATS_TEST_TMPDIR/$1.out"
}

has_port_line() {
  [ -n "$(peer_port_line "$@")" ]
}

# The port that a peer has printed as its Nth line, into a variable.
peer_port() { # JOB N VARIABLE
  if ! poll "$WAIT_AT_LEAST" has_port_line "$1" "$2"; then
    cat "$BATS_TEST_TMPDIR/$1.err" >&2
    die "$1 did not start"
    return 1
  fi
  printf -v "$3" '%s' "$(peer_port_line "$1" "$2")"
}

start_puppet() {
  local name=${PUPPET:-puppet} listeners n
  cat > "$BATS_TEST_TMPDIR/$name.script"
  start "$name" "$PEERS/puppet" --deadline "${PEER_DEADLINE:-60}" \
    "$BATS_TEST_TMPDIR/$name.script"
  peer_port "$name" 1 PUPPET_PORT || return 1
  listeners=$(grep -c '^ *listen' "$BATS_TEST_TMPDIR/$name.script") || return 0
  for ((n = 2; n <= listeners; n++)); do
    peer_port "$name" "$n" "PUPPET_PORT$n" || return 1
  done
}

puppet_log() {
  cat "$BATS_TEST_TMPDIR/${PUPPET:-puppet}.out"
}

puppet_saw() {
  grep -qE -- "$1" "$BATS_TEST_TMPDIR/${PUPPET:-puppet}.out"
}

puppet_count() {
  grep -cE -- "$1" "$BATS_TEST_TMPDIR/${PUPPET:-puppet}.out" || true
}

start_counter() {
  local name=${COUNTER:-counter}
  start "$name" "$PEERS/counter" --deadline "${PEER_DEADLINE:-60}" "$@"
  peer_port "$name" 1 COUNTER_PORT
}

counter_result() {
  local name=${COUNTER:-counter}
  [ ! -e "$BATS_TEST_TMPDIR/jobs/$name.pid" ] || stop "$name"
  grep '^result ' "$BATS_TEST_TMPDIR/$name.out" | tr ' ' '\n' |
    sed -n "s/^$1=//p"
}

start_proxy() {
  local name=${PROXY:-proxy} to=$1
  shift
  start "$name" "$PEERS/proxy" --deadline "${PEER_DEADLINE:-60}" --to "$to" \
    --control "$BATS_TEST_TMPDIR/$name.control" \
    --record "$BATS_TEST_TMPDIR/$name.record" "$@"
  peer_port "$name" 1 PROXY_PORT
}

proxy_do() {
  printf '%s\n' "$*" > "$BATS_TEST_TMPDIR/${PROXY:-proxy}.control"
}

proxy_log() {
  cat "$BATS_TEST_TMPDIR/${PROXY:-proxy}.record"
}

proxy_saw() {
  grep -qE -- "$1" "$BATS_TEST_TMPDIR/${PROXY:-proxy}.record"
}
