#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Publishers are killed at each point where they commit or send (base/crash.h),
# and started again.  What the broker was given, over both lives, is the
# oracle: QoS 1 loses nothing and keeps its order, QoS 2 repeats nothing
# either.

load helper/helpers
load helper/peer
load helper/crash

TOOL_TIMEOUT=20
PEER_DEADLINE=600

# What a publisher is fed with: a batch, half a line, and the rest.
RECORDS='one two three four five six seven eight nine'

write_input() {
  tr ' ' '\n' <<< "$RECORDS" > in
}

# publish_file N QOS [OPTION]...: kills itself at point N of MQTT_TOOLS_CRASH_AT
publish_file() {
  local n=$1 qos=$2
  shift 2
  "$PEERS/crash-pub" -p "$PUPPET_PORT" -q "$qos" -t "t/$n" -l \
    --reconnect-delay 1ms --inflight 3 --store "s$n.db" "$@" < in 2> err
}

delivered() {
  awk -f "$top_srcdir/tests/helper/delivered.awk" -v topic="t/$1" puppet.out
}

# Order is that of first arrival; with QoS 1 repeats are allowed.
check_delivered() { # N QOS
  delivered "$1" > got
  if [ "$2" = 1 ]; then
    awk '!seen[$0]++' got > once
    mv once got
  fi
  cmp -s got in || {
    echo "# point $1: QoS $2 delivered $(tr '\n' ' ' < got)" >&2
    cat err >&2
    return 1
  }
}

live_twice() { # N
  local status=0
  MQTT_TOOLS_CRASH_AT=$1 "$RUN" "$1" || status=$?
  [ $status -eq 137 ] || return $status
  "$RUN" "$1" || die "second life: status $?: $(cat err)" || return 99
  return 137
}

crash_everywhere() { # RUN CHECK
  RUN=$1
  at_each_point 0 live_twice "$2"
}

# A pipe that outlives its reader, with half a line in it for a while. With
# --exactly-once what may have arrived is kept, and told by status 11.
publish_pipe() { # N QOS [OPTION]...
  local n=$1 qos=$2 status=0
  shift 2
  "$PEERS/crash-pub" -p "$PUPPET_PORT" -q "$qos" -t "t/$n" -l \
    --reconnect-delay 1ms --inflight 3 --store "s$n.db" "$@" 2> err ||
    status=$?
  [ $status -ne 11 ] || ! grep -q "kept in store 's$n.db'" err || status=0
  return $status
}

# The publisher has taken the first batch, or will not any more.
batch_is_over() { # N
  [ -s status ] || delivered "$1" | grep -qx three
}

# Both lives read the same pipe: crash_pipe_everywhere QOS CHECK [OPTION]...
crash_pipe_everywhere() {
  local n status qos=$1 check=$2
  shift 2
  for ((n = 1; n < 200; n++)); do
    status=0
    rm -f status
    {
      head -c 17 in
      wait_for "$TOOL_TIMEOUT" batch_is_over "$n"
      tail -c +18 in
    } | {
      MQTT_TOOLS_CRASH_AT=$n publish_pipe "$n" "$qos" "$@" || status=$?
      echo "$status" > status
      [ $status -eq 0 ] || publish_pipe "$n" "$qos" "$@" || echo $? > status
    }
    status=$(cat status)
    [ "$status" -ne 0 ] || break
    assert "$status" = 137 "point $n: $(cat err)"
    "$check" "$n" || return 1
  done
  echo "# $((n - 1)) points"
  assert "$n" -gt 8 "too few points: is this the right program?"
}

@test "a publisher of a file, QoS 1, the session goes on" {
  write_input
  start_puppet <<< serve
  run_it() { publish_file "$1" 1; }
  check_it() { check_delivered "$1" 1; }
  crash_everywhere run_it check_it
}

@test "a publisher of a file, QoS 2, the session goes on" {
  write_input
  start_puppet <<< serve
  run_it() { publish_file "$1" 2; }
  check_it() { check_delivered "$1" 2; }
  crash_everywhere run_it check_it
}

@test "a publisher of a file, QoS 1, the broker has lost the session" {
  write_input
  start_puppet <<< $'session-present 0\nserve'
  run_it() { publish_file "$1" 1; }
  check_it() { check_delivered "$1" 1; }
  crash_everywhere run_it check_it
}

# What may have arrived is kept back, and told by status 11; then what was
# delivered and what was kept make up the input, without a repeat.
publish_kept() {
  local status=0
  publish_file "$1" 2 --exactly-once "${@:2}" || status=$?
  [ $status -ne 11 ] || {
    grep -q "kept in store 's$1.db'" err || return 99
    status=0
  }
  return $status
}

check_kept() {
  delivered "$1" > got
  [ -z "$(sort got | uniq -d)" ] || die "point $1: repeated: $(cat got)"
  grep -Fxf got in > ordered
  assert_files_equal got ordered
  sqlite3 "s$1.db" "select cast(payload as text) from outbox" > kept
  sort -u got kept > all
  sort in > want
  assert_files_equal all want
}

@test "a publisher of a file, QoS 2, the broker has lost the session" {
  write_input
  start_puppet <<< $'session-present 0\nserve'
  crash_everywhere publish_kept check_kept
}

@test "a publisher of a pipe, QoS 1" {
  write_input
  start_puppet <<< serve
  check_it() { check_delivered "$1" 1; }
  crash_pipe_everywhere 1 check_it
}

@test "a publisher of a pipe, QoS 2" {
  write_input
  start_puppet <<< serve
  check_it() { check_delivered "$1" 2; }
  crash_pipe_everywhere 2 check_it
}

@test "a publisher of a pipe, QoS 1, the broker has lost the session" {
  write_input
  start_puppet <<< $'session-present 0\nserve'
  check_it() { check_delivered "$1" 1; }
  crash_pipe_everywhere 1 check_it
}

@test "a publisher of a pipe, QoS 2, the broker has lost the session" {
  write_input
  start_puppet <<< $'session-present 0\nserve'
  crash_pipe_everywhere 2 check_kept --exactly-once
}

# noticed TEXT RUN...: some commits are put off until the judge says TEXT. It
# is the threads who draw which of a life's commits are the odd ones, and now
# and then none of them matters: so the even ones are put off next, and so on.
noticed() {
  local text=$1 late
  shift
  for ((late = 0; late < 20; late++)); do
    start_puppet <<< serve
    MQTT_TOOLS_COMMIT_LATE=$late run "$@"
    stop puppet
    [[ ! $output =~ $text ]] || return 0
    rm s*.db*
  done
  die "nothing was noticed: $output"
}

# The judge is no good if it finds nothing when commits come late: a batch of a
# pipe is lost with QoS 1, a message is repeated with QoS 2.
@test "a commit that comes after what it is for is noticed" {
  write_input
  run_it() { publish_file "$1" 2; }
  check_it() { check_delivered "$1" 2; }
  noticed 'QoS 2 delivered' crash_everywhere run_it check_it
  rm s*.db*
  check_it() { check_delivered "$1" 1; }
  noticed 'QoS 1 delivered' crash_pipe_everywhere 1 check_it
}
