#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Every fault of the proxy (tests/helper/proxy.c) at several points of a
# session between the tools and a real broker, for each QoS: it ends in
# delivery, or in a status that is not 0 and a text.

load helper/helpers
load helper/peer

TOOL_TIMEOUT=60

# Faults that end a connection or hold it up. "both" has no meaning for those
# that end it anyway.
FAULTS='cut reset half-close stall black-hole'

# Delivered, or an honest status that is not 0: publish_or_say QOS FAULT POINT
publish_or_say() {
  local topic=$1/${2// /-}/${3// /-} status=0
  local options=(-h 127.0.0.1 -q "$1" -t "$topic" -l --reconnect-delay 1ms
    --connect-timeout 1 -k 1 --drain-timeout 20 --reconnect-first yes)
  [ "$1" = 0 ] || options+=(--store "$(tr / . <<< "$topic").db")
  start_proxy "$PORT" "conn 1 $3 $2"
  timeout -k 5 "$TOOL_TIMEOUT" mqtt-pub -p "$PROXY_PORT" "${options[@]}" \
    < in 2> pub.err 3>&- || status=$?
  stop proxy || true
  printf '%s %s\n' "$topic" "$status" >> statuses
  case $status in
  0) ;;
  4 | 7 | 11) assert "$(cat pub.err)" != '' "status $status says nothing" ;;
  *) die "$topic: status $status: $(cat pub.err)" ;;
  esac
}

# What a subscriber at the broker itself has got of it all.
check_published() { # QOS TOPIC STATUS
  sed -n "s,^$2 ,,p" all > got
  [ "$3" != 0 ] || case $1 in
  0 | 1) assert "$(sort -u got | cmp - sorted)" = '' "$2: lost" ;;
  2) assert_files_equal got in ;;
  esac
  [ "$1" != 2 ] || assert "$(sort got | uniq -d)" = '' "$2: repeated"
}

publish_with_faults() { # QOS POINT...
  local qos=$1 fault point topic status
  shift
  seq -f line-%04g 40 > in
  sort in > sorted
  start_broker
  start got mosquitto_sub -p "$PORT" -q 2 -t "$qos/#" -F '%t %p'
  wait_for 5 subscribed "$qos/#"
  for point in "$@"; do
    for fault in $FAULTS; do
      publish_or_say "$qos" "$fault" "$point" || return 1
    done
  done
  mosquitto_pub -p "$PORT" -q 2 -t "$qos/end" -m end
  wait_for 10 grep -q "$qos/end" got.out
  cp got.out all
  while read -r topic status; do
    check_published "$qos" "$topic" "$status" || return 1
  done < statuses
  # With QoS 1 and 2 a fault of one connection is never the end of it.
  [ "$qos" = 0 ] || assert "$(grep -vc ' 0$' statuses)" = 0 "$(cat statuses)"
}

@test "QoS 0: any fault, at any point" {
  publish_with_faults 0 'up before connect 1' 'down before connack 1' \
    'up before publish 1' 'up before publish 20' 'up before disconnect 1'
}

@test "QoS 1: any fault, at any point" {
  publish_with_faults 1 'up before connect 1' 'down before connack 1' \
    'up before publish 1' 'up before publish 20' 'down before puback 1' \
    'down before puback 20' 'up before disconnect 1'
}

@test "QoS 2: any fault, at any point" {
  publish_with_faults 2 'up before connect 1' 'down before connack 1' \
    'up before publish 20' 'down before pubrec 1' 'down before pubrec 20' \
    'up before pubrel 1' 'up before pubrel 20' 'down before pubcomp 20' \
    'up before disconnect 1'
}

# subscribe_with_faults QOS POINT...: forty lines are published when the
# subscriber is there, and come out although the first connection fails.
subscribe_with_faults() {
  local qos=$1 fault point n=0
  shift
  start_broker
  seq -f line-%04g 40 > in
  for point in "$@"; do
    for fault in $FAULTS; do
      n=$((n + 1))
      echo "# $point $fault"
      start_proxy "$PORT" "conn 1 $point $fault"
      start sub mqtt-sub -h 127.0.0.1 -p "$PROXY_PORT" -q "$qos" -t "t/$n" \
        --store "s$n.db" --output "out$n" --reconnect-delay 1ms \
        --connect-timeout 1 -k 1 --reconnect-first yes
      wait_for 15 subscribed "t/$n"
      mosquitto_pub -p "$PORT" -q 2 -t "t/$n" -l < in
      wait_for 15 grep -q line-0040 "out$n"
      kill -TERM "$(job_pid sub)"
      finish sub 143 > /dev/null
      stop proxy || true
      [ "$qos" = 2 ] || awk '!seen[$0]++' "out$n" > once
      [ "$qos" = 1 ] || cp "out$n" once
      assert_files_equal once in
    done
  done
}

@test "a subscriber with QoS 1: any fault, at any point" {
  subscribe_with_faults 1 'up before connect 1' 'down before connack 1' \
    'up before subscribe 1' 'down before suback 1' 'down before publish 20' \
    'up before puback 1' 'up before puback 20'
}

@test "a subscriber with QoS 2: any fault, at any point" {
  subscribe_with_faults 2 'up before connect 1' 'down before connack 1' \
    'up before subscribe 1' 'down before suback 1' 'down before publish 20' \
    'up before pubrec 20' 'down before pubrel 20' 'up before pubcomp 20'
}

# What QoS 0 promises: what comes is whole and in order, and the end is told.
@test "a subscriber with QoS 0 says what happened to its connection" {
  local fault
  start_broker
  seq -f line-%04g 40 > in
  for fault in $FAULTS 'chunk 1' 'latency 20'; do
    echo "# $fault"
    start_proxy "$PORT" "conn 1 down before publish 20 $fault"
    start sub mqtt-sub -h 127.0.0.1 -p "$PROXY_PORT" -q 0 -t "q/$fault" -C 40 \
      --reconnect no -k 1
    wait_for 15 subscribed "q/$fault"
    mosquitto_pub -p "$PORT" -q 2 -t "q/$fault" -l < in
    case $fault in
    chunk* | latency*) finish sub 0 ;;
    *)
      finish sub 7
      assert "$stderr" != ''
      ;;
    esac > /dev/null
    grep -Fxf sub.out in > once
    assert_files_equal sub.out once
    stop proxy || true
  done
}
