#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Between the tools and a real broker stands a proxy that breaks things
# (tests/helper/proxy.c).  Each case ends in delivery, or in a status that is
# not 0.

load helper/helpers
load helper/peer

TOOL_TIMEOUT=25

# publish_through RULE...: 300 lines with QoS 2 and a store.
publish_through() {
  seq 300 > in
  start_broker 'max_queued_messages 0'
  start_proxy "127.0.0.1:$PORT" "$@"
  start got mosquitto_sub -p "$PORT" -V 311 -q 2 -t t -C 300 -W 20
  wait_for 5 subscribed t
  START_STDIN=in start pub mqtt-pub -h 127.0.0.1 -p "$PROXY_PORT" -q 2 -t t -l \
    --store s.db --reconnect-delay 20ms -k 1
}

all_arrived_once() {
  finish pub
  finish got
  assert_files_equal got.out in
}

@test "what is cut, reset or half closed in the middle arrives once" {
  for fault in 'up before publish 100 cut' 'down before pubrec 50 reset' \
    'up before pubrel 70 reset' 'down before pubcomp 30 half-close' \
    'up before publish 30 half-close'; do
    echo "# $fault"
    rm -f s.db*
    publish_through "conn 1 $fault"
    all_arrived_once
    grep -q '^2 up connect' proxy.record
    stop proxy || true
    stop broker || true
  done
}

@test "a peer that has vanished is noticed by its silence" {
  publish_through 'conn 1 before publish 100 black-hole both'
  all_arrived_once
  grep -q 'does not answer pings' pub.err
}

@test "a window that stays full is noticed, too" {
  head -c 4000000 /dev/zero | tr '\0' x | fold -w 40000 > long
  start_broker
  start_proxy "127.0.0.1:$PORT" 'conn 1 up after 100000 stall both'
  START_STDIN=long start pub mqtt-pub -h 127.0.0.1 -p "$PROXY_PORT" -q 1 \
    -t t -l --store s.db --reconnect-delay 20ms -k 1
  finish pub
  grep -qE 'nothing could be written|does not answer pings' pub.err
  assert "$(sort -u broker.err | grep -c 'Received PUBLISH.*m[0-9]')" -ge 100
}

@test "bytes one by one, and late, are no fault" {
  publish_through 'conn 1 chunk 1' 'conn 1 latency 5'
  all_arrived_once
  assert "$(cat pub.err)" = ''
}

@test "a broker that cannot be reached any more ends in status 11" {
  seq 300 > in
  start_broker
  start_proxy "127.0.0.1:$PORT" 'before publish 100 cut'
  START_STDIN=in start pub mqtt-pub -h 127.0.0.1 -p "$PROXY_PORT" -q 2 -t t \
    -l --store s.db --reconnect-delay 20ms --reconnect-attempts 3
  wait_for 10 grep -q '^1 up' proxy.record
  stop proxy || true
  finish pub 11
  assert "$stderr" =~ "kept in store 's.db'"
}

@test "a subscriber notices a black hole and misses nothing" {
  start_broker
  start_proxy "127.0.0.1:$PORT"
  start sub mqtt-sub -h 127.0.0.1 -p "$PROXY_PORT" -q 2 -t t -C 2 -k 1 \
    --store s.db --output out --reconnect-delay 20ms
  wait_for 5 subscribed t
  run_tool mqtt-pub -p "$PORT" -q 2 -t t -m one
  wait_for 5 grep -q one out
  proxy_do black-hole
  run_tool mqtt-pub -p "$PORT" -q 2 -t t -m two
  finish sub
  assert "$stderr" =~ 'does not answer pings'
  assert "$(cat out)" = $'one\ntwo'
}
