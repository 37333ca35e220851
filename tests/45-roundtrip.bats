#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What goes into mqtt-pub comes out of mqtt-sub, byte for byte, through a real
# mosquitto, in every version and quality of service.

load helper/helpers

COMBINATIONS='31:0 31:1 31:2 311:0 311:1 311:2 5:0 5:1 5:2'

setup() {
  basic_setup
  start_broker 'max_queued_messages 0'
}

# through VERSION:QOS COUNT SUB_OPTION...: sends the file "in" line by line
# and leaves what arrived in sub.out.
through() {
  local v=${1%:*} q=${1#*:} count=$2 topic="rt/$RANDOM$RANDOM"
  shift 2
  start sub mqtt-sub -p "$PORT" -V "$v" -q "$q" -t "$topic" -C "$count" \
    -W "$TOOL_TIMEOUT" "$@"
  wait_for 10 subscribed "$topic"
  run_tool mqtt-pub -p "$PORT" -V "$v" -q "$q" -t "$topic" -l < in
  finish sub
  assert "$stderr" = ''
}

# The payloads of NDJSON on stdin, each followed by a newline.
payloads() {
  jq -j 'if has("payload") then .payload else (.payload_b64 | @base64d) end
    | . + "\n"'
}

@test "lines of text" {
  seq -f '%g: the quick brown fox jumps over the lazy dog' 5000 > in
  for c in $COMBINATIONS; do
    through "$c" 5000
    assert_files_equal sub.out in
  done
}

@test "empty lines, and no line feed at the end" {
  printf '\n\na\n\n\nb\n\n' > in
  for c in $COMBINATIONS; do
    through "$c" 7
    assert_files_equal sub.out in
  done
  printf 'a\n\nb' > in
  through 5:1 3
  printf 'a\n\nb\n' > want
  assert_files_equal sub.out want
  through 311:2 3 -N
  printf 'ab' > want
  assert_files_equal sub.out want
}

@test "NUL, carriage returns and every other byte" {
  {
    printf 'a\0b\n\0\n\0\0\0\nx\r\n'
    for i in {0..255}; do
      [ "$i" -eq 10 ] || printf '%b' "\\x$(printf %02x "$i")"
    done
    printf '\nlast \xff\xfe\n'
  } > in
  for c in $COMBINATIONS; do
    through "$c" 6
    assert_files_equal sub.out in
  done
}

@test "the same through JSON" {
  printf 'a\0b\n\ngr\xc3\xbc\xc3\x9fe "\\/\tx\n\x1b[0m\x7f\n' > in
  for c in $COMBINATIONS; do
    through "$c" 4 --json
    payloads < sub.out > got
    assert_files_equal got in
    [ "$(wc -l < sub.out)" -eq 4 ]
  done
  # What is not UTF-8 comes as base64, and only that.
  printf 'caf\xe9\n\xc3\x28\nok\n' > in
  through 5:1 3 --json
  assert "$(jq -r .payload_b64 sub.out | head -n 2)" = $'Y2Fm6Q==\nwyg='
  assert "$(jq -c '[has("payload"), has("payload_b64")]' sub.out)" = \
    $'[false,true]\n[false,true]\n[true,false]'
  through 5:1 3 --json --json-payload base64
  jq -r .payload_b64 sub.out | while read -r b; do
    base64 -d <<< "$b"
    echo
  done > got
  assert_files_equal got in
}

@test "a line of ten megabytes between short ones" {
  { echo before; head -c 10485760 /dev/urandom | tr '\n' x; echo; echo after
  } > in
  for c in 311:0 5:1 5:2; do
    through "$c" 3
    assert_files_equal sub.out in
  done
}

@test "a binary file as one message" {
  head -c 3000000 /dev/urandom > in
  for v in 31 311 5; do
    start sub mqtt-sub -p "$PORT" -V "$v" -t "f/$v" -N -C 1
    wait_for 10 subscribed "f/$v"
    run_tool mqtt-pub -p "$PORT" -V "$v" -t "f/$v" -f in
    finish sub
    assert_files_equal sub.out in
  done
}

@test "a hundred thousand lines, exactly once and in order" {
  seq 100000 > in
  for q in 1 2; do
    through "5:$q" 100000
    assert_files_equal sub.out in
  done
}

@test "all that MQTT 5 says of a message comes out as JSON" {
  start sub mqtt-sub -p "$PORT" -q 1 -t 'j/#' -C 1 --json
  wait_for 10 subscribed 'j/#'
  run_tool mqtt-pub -p "$PORT" -q 1 -t 'j/"ü"' -r -m 'hi' \
    --payload-format utf8 --content-type 'text/"x"' --response-topic j/r \
    --correlation-data hex:00ff10 --message-expiry 500 \
    --user-property z=1 --user-property a=2 --user-property z=3
  finish sub
  assert "$(jq -r 'keys_unsorted | join(" ")' <<< "$output")" = \
    'tst topic qos retain payloadlen mid properties payload'
  assert "$(jq -c '[.topic, .qos, .retain, .payloadlen, .mid, .payload]' \
    <<< "$output")" = '["j/\"ü\"",1,true,2,1,"hi"]'
  assert "$(jq -Sc .properties <<< "$output")" = \
    '{"content-type":"text/\"x\"","correlation-data":"AP8Q","message-expiry-interval":500,"payload-format-indicator":1,"response-topic":"j/r","user-properties":[{"z":"1"},{"a":"2"},{"z":"3"}]}'
  assert "$(jq -r .tst <<< "$output")" =~ \
    ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z$
}

@test "the other programs of this world understand us, and we them" {
  printf 'one\ntwo\n\nfour' > in
  printf 'one\ntwo\n\nfour\n' > want
  start theirs mosquitto_sub -p "$PORT" -t x/ours -C 4 -F %p
  wait_for 10 subscribed x/ours
  run_tool mqtt-pub -p "$PORT" -t x/ours -l -q 2 < in
  finish theirs
  assert_files_equal theirs.out want
  start ours mqtt-sub -p "$PORT" -t x/theirs -C 4 -q 2
  wait_for 10 subscribed x/theirs
  run_tool mosquitto_pub -p "$PORT" -t x/theirs -l -q 2 < in
  finish ours
  assert_files_equal ours.out want
}
