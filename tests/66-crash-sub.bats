#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Subscribers are killed at each point where they commit, write or send
# (base/crash.h), and started again: with QoS 1 and 2, into a file and into a
# pipe, at a broker that has kept the session (a real one, which sends again)
# and at one that has lost it (a scripted one, which does not, and begins with
# the same packet ids). The oracle is the whole sequence that came out.

load helper/helpers
load helper/peer
load helper/crash

TOOL_TIMEOUT=20
PEER_DEADLINE=600

setup() {
  basic_setup
  printf '%s\n' one two three four five > in
  printf '%s\n' six seven eight > later
}

# begin N QOS [OPTION]...: a subscriber into out$N, directly or through a pipe
# as $INTO says. What it may fail with is in sub.err.
begin() {
  local n=$1 cmd=(-q "$2" -t "t/$1" --store "s$1.db" --reconnect-delay 1ms)
  cmd=("$PEERS/crash-sub" -h 127.0.0.1 -p "$BROKER_PORT" "${cmd[@]}" "${@:3}")
  if [ "$INTO" = file ]; then
    start sub "${cmd[@]}" --output "out$n"
    return
  fi
  [ -p pipe ] || mkfifo pipe
  cat < pipe >> "out$n" 3>&- &
  READER=$!
  start sub bash -c 'exec "$@" > pipe' bash "${cmd[@]}"
}

# Has it ended, or is LINE the last one that came out?
done_with() { # N LINE
  has_ended sub || [ "$(tail -n 1 "out$1" 2> /dev/null)" = "$2" ]
}

subscriptions() { # N
  puppet_count "recv subscribe.* filter=t/$1 "
}

has_subscribed_or_died() { # N TIMES
  has_ended sub || [ "$(subscriptions "$1")" -ge "$2" ]
}

# Ends it when all is there, if it has not killed itself. Its status.
end() { # N LINE
  local status=0
  wait_for "$TOOL_TIMEOUT" done_with "$1" "$2" || return 1
  kill -TERM "$(job_pid sub)" 2> /dev/null || true
  wait_for "$TOOL_TIMEOUT" has_ended sub || return 1
  wait "$(job_pid sub)" 2> /dev/null || status=$?
  rm jobs/sub.pid
  [ "$INTO" = file ] || wait "$READER"
  return "$status"
}

# --- the session goes on ------------------------------------------------

live_twice() { # N
  local status=0
  run_tool mqtt-sub -p "$PORT" -q "$QOS" -t "t/$1" --store "s$1.db" -E \
    ${OUTPUT:+--output "out$1"}
  mosquitto_pub -p "$PORT" -q 2 -t "t/$1" -l < in
  MQTT_TOOLS_CRASH_AT=$1 begin "$1" "$QOS"
  end "$1" five || status=$?
  [ $status -eq 137 ] || return $status
  second_life begin "$1" "$QOS"
  end "$1" five || assert $? = 143 "second life: $(cat sub.err)" || return 99
  return 137
}

# No two lines change their places; only what is allowed comes twice.
check_once() {
  assert_files_equal "out$1" in
}

check_none_lost() {
  awk '!seen[$0]++' "out$1" > once
  assert_files_equal once in
}

session_goes_on() { # QOS INTO CHECK
  QOS=$1 INTO=$2 OUTPUT=
  [ "$INTO" = pipe ] || OUTPUT=1
  start_broker
  BROKER_PORT=$PORT
  at_each_point 143 live_twice "$3"
}

@test "a subscriber with QoS 2 has each message once in its file" {
  session_goes_on 2 file check_once
}

@test "a subscriber with QoS 1 misses nothing in its file" {
  session_goes_on 1 file check_none_lost
}

@test "a subscriber with QoS 2 misses nothing in a pipe" {
  session_goes_on 2 pipe check_none_lost
}

@test "a subscriber with QoS 1 misses nothing in a pipe" {
  session_goes_on 1 pipe check_none_lost
}

# --- the broker has lost the session ------------------------------------

# How many messages of topic t/N were acknowledged so far.
acknowledged() { # N
  awk -v filter="filter=t/$1" '
    $3 == "subscribe" { for (i = 4; i <= NF; i++) if ($i == filter) ours[$1] }
    $2 == "recv" && ($3 == "puback" || $3 == "pubrec") && $1 in ours { n++ }
    END { print n + 0 }' puppet.out
}

live_in_two_sessions() { # N
  local status=0 before
  : > "out$1"
  MQTT_TOOLS_CRASH_AT=$1 begin "$1" "$QOS"
  wait_for 10 has_subscribed_or_died "$1" 1
  mosquitto_pub -p "$BROKER_PORT" -q 2 -t "t/$1" -l < in
  end "$1" five || status=$?
  [ $status -eq 137 ] || return $status
  SAFE=$(acknowledged "$1")
  before=$(subscriptions "$1")
  begin "$1" "$QOS"
  wait_for 10 has_subscribed_or_died "$1" $((before + 1))
  mosquitto_pub -p "$BROKER_PORT" -q 2 -t "t/$1" -l < later
  end "$1" eight || assert $? = 143 "second life: $(cat sub.err)" ||
    return 99
  return 137
}

# What was acknowledged is the beginning, and all of the new session follows:
# no id of the old one hides a message of the new one.
check_sessions() { # N
  local all
  all=$(wc -l < "out$1")
  head -n $((all - 3)) "out$1" > first
  tail -n 3 "out$1" > second
  assert_files_equal second later || return 1
  head -n $((all - 3)) in > want
  assert_files_equal first want || return 1
  assert "$((all - 3))" -ge "$SAFE" 'an acknowledged message is missing'
}

session_is_lost() { # QOS INTO
  QOS=$1 INTO=$2
  start_puppet <<< $'session-present 0\nserve'
  BROKER_PORT=$PUPPET_PORT
  at_each_point 143 live_in_two_sessions check_sessions
}

@test "the session is lost: a subscriber with QoS 2 and a file" {
  session_is_lost 2 file
}

@test "the session is lost: a subscriber with QoS 1 and a file" {
  session_is_lost 1 file
}

@test "the session is lost: a subscriber with QoS 2 and a pipe" {
  session_is_lost 2 pipe
}

@test "the session is lost: a subscriber with QoS 1 and a pipe" {
  session_is_lost 1 pipe
}

# --- the judge ----------------------------------------------------------

@test "a commit that comes after what it is for is noticed" {
  local n status
  QOS=2 INTO=file OUTPUT=1
  start_broker
  BROKER_PORT=$PORT
  export MQTT_TOOLS_COMMIT_LATE=0
  for ((n = 1; n < 200; n++)); do
    status=0
    live_twice "$n" > noticed 2>&1 || status=$?
    [ $status -eq 137 ] && check_once "$n" >> noticed 2>&1 || break
  done
  assert "$status" -ne 143 'nothing was noticed'
  echo "# point $n: $(cat noticed)"
}
