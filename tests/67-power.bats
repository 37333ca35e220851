#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# --store-durability power: the power is cut at each point where a program
# syncs, commits or sends. What was written and not synced is gone then, and so
# is a file whose directory was not synced. After the next boot the program
# goes on; over both lives nothing is lost and, with QoS 2, nothing comes
# twice: not from the input, not at the broker, not in the output.

load helper/helpers
load helper/peer
load helper/crash

TOOL_TIMEOUT=20
PEER_DEADLINE=600

# --- publishers ---------------------------------------------------------

# publish N QOS DURABILITY: both lives of a publisher of the file in.
publish() {
  local n=$1 status=0 pub
  pub=("$PEERS/crash-pub" -p "$PUPPET_PORT" -q "$2" -t "t/$n" -l
    --reconnect-delay 1ms --inflight 3 --store s.db --store-durability "$3")
  mkdir "d$n"
  on_disk "$n"
  MQTT_TOOLS_CRASH_AT=$n "${ON_DISK[@]}" "${pub[@]}" < in || status=$?
  [ $status -eq 137 ] || return $status
  cut_power "$n"
  "${ON_DISK[@]}" "${pub[@]}" < in || return 99
  return 137
}

delivered() { # N
  awk -f "$top_srcdir/tests/helper/delivered.awk" -v topic="t/$1" puppet.out
}

check_delivered() { # N
  delivered "$1" > got
  assert_files_equal got in
}

check_none_lost() { # N
  delivered "$1" | awk '!seen[$0]++' > got
  assert_files_equal got in
}

publish_everywhere() { # QOS DURABILITY CHECK
  seq 1 9 > in
  start_puppet <<< serve
  eval "run_it() { publish \"\$1\" $1 $2; }"
  at_each_point 0 run_it "$3"
}

@test "a publisher, QoS 1: nothing is lost" {
  publish_everywhere 1 power check_none_lost
}

@test "a publisher, QoS 2: nothing is lost, nothing repeated" {
  publish_everywhere 2 power check_delivered
}

@test "with the other durability a cut repeats: this is noticed" {
  run publish_everywhere 2 process check_delivered
  assert "$status" != 0
  assert "$output" =~ 'got in differ'
}

# What was said to be enqueued is there. A file that was not made yet is not.
enqueue() { # N
  local n=$1 status=0
  mkdir "d$n"
  on_disk "$n"
  for ((i = 1; i < 4 && status == 0; i++)); do
    MQTT_TOOLS_CRASH_AT=$n "${ON_DISK[@]}" "$PEERS/crash-pub" \
      --store s.db --store-durability power --enqueue -q 1 -t t -m "$i" ||
      status=$?
  done
  ENQUEUED=$((i - 1 - (status != 0)))
  [ $status -ne 137 ] || cut_power "$n"
  return $status
}

check_enqueued() { # N
  local kept=0
  [ ! -s "d$1/s.db" ] ||
    kept=$(mqtt-pub --store "d$1/s.db" --store-info | sed -n 's/^queued *//p')
  assert "${kept:-0}" -ge "$ENQUEUED"
  assert "${kept:-0}" -le $((ENQUEUED + 1))
}

# --- subscribers --------------------------------------------------------

# subscribe N QOS DURABILITY: both lives of a subscriber into the file out.
subscribe() {
  local n=$1 status=0 sub
  sub=("$PEERS/crash-sub" -p "$PORT" -q "$2" -t "t/$n" --store s.db
    --reconnect-delay 1ms --store-durability "$3")
  mkdir "d$n"
  on_disk "$n"
  "${ON_DISK[@]}" "${sub[@]}" -E
  mqtt-pub -p "$PORT" -q 2 -t "t/$n" -l < in
  sub+=(--output out)
  MQTT_TOOLS_CRASH_AT=$n start sub "${ON_DISK[@]}" "${sub[@]}"
  end_with "$n" || status=$?
  [ $status -eq 137 ] || return $status
  cut_power "$n"
  second_life start sub "${ON_DISK[@]}" "${sub[@]}"
  end_with "$n" || assert $? = 143 "second life: $(cat sub.err)" || return 99
  return 137
}

# Has it ended, or is all there?
is_done() { # N
  has_ended sub || [ "$(tail -n 1 "d$1/out" 2> /dev/null)" = five ]
}

# Its status, when it has ended by itself or is told to.
end_with() { # N
  local status=0
  wait_for "$TOOL_TIMEOUT" is_done "$1" || return 1
  kill -TERM "$(job_pid sub)" 2> /dev/null || true
  wait_for "$TOOL_TIMEOUT" has_ended sub || return 1
  wait "$(job_pid sub)" 2> /dev/null || status=$?
  rm jobs/sub.pid
  return "$status"
}

check_once() { # N
  assert_files_equal "d$1/out" in
}

check_none_missing() { # N
  awk '!seen[$0]++' "d$1/out" > once
  assert_files_equal once in
}

subscribe_everywhere() { # QOS DURABILITY CHECK
  printf '%s\n' one two three four five > in
  start_broker
  eval "run_it() { subscribe \"\$1\" $1 $2; }"
  at_each_point 143 run_it "$3"
}

@test "a subscriber, QoS 1: nothing is missing in its file" {
  subscribe_everywhere 1 power check_none_missing
}

@test "a subscriber, QoS 2: each message is in its file once" {
  subscribe_everywhere 2 power check_once
}

@test "with the other durability a file does not fit the store: noticed, too" {
  run subscribe_everywhere 2 process check_once
  assert "$status" != 0
  assert "$output" =~ 'the files differ'
}

@test "what was enqueued is there" {
  at_each_point 0 enqueue check_enqueued
}
