#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What is true of a million messages, and of memory: not for builds with
# sanitizers, which are slow and need memory of their own.

load helper/helpers

# The log has the subscriptions alone, not four million packets.
setup() {
  basic_setup
  BROKER_LOG=subscribe start_broker 'max_queued_messages 0'
}

subscribed() { # TOPIC
  grep -q " $1\$" broker.err
}

@test "a million lines, exactly once and in order" {
  TOOL_TIMEOUT=300
  seq 1000000 > in
  for q in 1 2; do
    start sub mqtt-sub -p "$PORT" -q "$q" -t "million/$q" -C 1000000 \
      -W "$TOOL_TIMEOUT"
    wait_for 10 subscribed "million/$q"
    run_tool mqtt-pub -p "$PORT" -q "$q" -t "million/$q" -l < in
    finish sub
    assert_files_equal sub.out in
  done
}

@test "memory is 8 MiB and twice the longest message at most" {
  local measure=$top_builddir/tests/bench/measure what limit count
  seq 100000 > short
  for _ in {1..6}; do
    head -c 10485760 /dev/zero | tr '\0' x
    echo
  done > long
  for q in 0 1 2; do
    for what in short:8192:100000 long:28672:6; do
      IFS=: read -r what limit count <<< "$what"
      start sub "$measure" mqtt-sub -p "$PORT" -t "$what/$q" -q "$q" \
        -C "$count" --json
      wait_for 10 subscribed "$what/$q"
      run_tool "$measure" mqtt-pub -p "$PORT" -t "$what/$q" -l -q "$q" < "$what"
      assert "$output" =~ 'status=0 '
      assert "$(sed -n 's/.* rss_kib=\([0-9]*\).*/\1/p' tool.out)" -lt "$limit"
      finish sub
      assert "$output" =~ 'status=0 '
      assert "$(sed -n 's/.* rss_kib=\([0-9]*\).*/\1/p' sub.out)" -lt "$limit"
    done
  done
}
