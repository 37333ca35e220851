#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# --keepalive auto: between the tools and the broker stands a network that
# forgets connections after some silence (tests/helper/proxy.c, "idle").

load helper/helpers
load helper/peer

TOOL_TIMEOUT=60

AUTO=(--keepalive auto --keepalive-min 300ms --keepalive-step 300ms
  --keepalive-max 10s --reconnect-delay 10ms)

# The heartbeat events that a job has told, one field of each per line.
beats() { # FIELD [FILE]
  jq -r "select(.event == \"heartbeat\") | .$1" "${2:-events}"
}

has_settled() {
  beats stable | grep -q true
}

status_says_beat() {
  kill -USR1 "$(job_pid sub)"
  sleep 0.1
  grep -Eq 'status: connected.*, ping after 0\.[3-9][0-9]* s' sub.err
}

start_auto_sub() { # PORT ARG...
  : > events
  # shellcheck disable=SC2016
  start sub bash -c 'exec mqtt-sub "$@" 7>> events' sub -h 127.0.0.1 \
    -p "$1" -i me -q 1 -t t "${AUTO[@]}" --events json --events-fd 7 "${@:2}"
}

@test "the time is found, kept in the store, and used again" {
  start_broker
  start_proxy "127.0.0.1:$PORT" 'idle 1s'
  start_auto_sub "$PROXY_PORT" --store s.db --output out
  wait_for 40 has_settled
  wait_for 10 status_says_beat
  grep -q 'does not answer pings' sub.err
  grep -q lost <(beats verdict)
  # Messages go on arriving after all these connections.
  run_tool mqtt-pub -p "$PORT" -q 1 -t t -m hello
  wait_for 10 grep -q hello out
  stop sub || true
  found=$(beats interval | tail -n 1)
  assert "$(jq -n "$found >= 0.3 and $found < 1")" = true "$found s"
  grep -q 'connect .*keepalive=10 ' <(proxy_log)
  assert "$(sqlite3 s.db "select count(*) from heartbeat where
    network like '% 127.0.0.1:$PROXY_PORT socket'")" = 1
  start_auto_sub "$PROXY_PORT" --store s.db --output out
  wait_for 10 grep -q '"start"' events
  assert "$(beats interval | head -n 1)" = "$found"
  stop sub || true
}

@test "an end in good order says nothing about silence" {
  start_broker
  start_auto_sub "$PORT" -c
  wait_for 10 grep -q answered events
  for _ in 1 2 3; do
    stop broker || true
    BROKER=again start_broker
    stop again || true
    start broker "$MOSQUITTO" -c broker.conf
    sleep 0.5
  done
  wait_for 10 subscribed t
  assert "$(beats verdict | grep -c lost)" = 0
  assert "$(grep -c '"event":"lost"' events)" -ge 1
  stop sub || true
}

@test "what the broker says about the keepalive is the limit" {
  start_puppet << 'END'
accept
expect connect keepalive=600
send connack server-keep-alive=2
auto
END
  : > events
  mkfifo in
  exec 9<> in
  run_tool 27 mqtt-pub -h 127.0.0.1 -p "$PUPPET_PORT" -q 1 -t t -l -W 5 \
    --keepalive auto --events json --events-fd 7 7> events <&9
  exec 9>&-
  assert "$(beats interval | head -n 1)" = 0.95
  assert "$(puppet_count 'recv pingreq')" -ge 1
}

@test "it is refused where it would lose messages, or falsify measurements" {
  run_tool 2 mqtt-sub -t t --keepalive auto
  assert "$stderr" =~ "'--keepalive': 'auto' loses connections"
  assert "$stderr" =~ --keepalive-probe-anyway
  run_tool 4 mqtt-sub -p "$(free_port)" -t t --keepalive auto \
    --keepalive-probe-anyway
  run_tool 4 mqtt-sub -p "$(free_port)" -q 1 -t t --keepalive auto
  run_tool 2 mqtt-sub -q 1 -t t --keepalive auto --keepalive-min 10m
  assert "$stderr" =~ "--keepalive-max .600 s. is not longer than --keepalive-min"
  run_tool 2 mqtt-sub -q 1 -t t --keepalive sometimes
  assert "$stderr" =~ 'nor auto'
}
