#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# --ack manual when the numbers are wrong, late, or never come.

load helper/helpers
load helper/peer

TOOL_TIMEOUT=30

# A subscriber that reads numbers from the FIFO of that name, which this
# process holds open as descriptor 9: start_sub PORT [OPTION]...
start_sub() {
  [ -p numbers ] || mkfifo numbers
  exec 9<> numbers
  start sub bash -c 'exec mqtt-sub -h 127.0.0.1 -p "$@" 3< numbers 9>&-' \
    bash "$1" -t t --ack manual "${@:2}"
}

say() {
  printf '%s\n' "$@" >&9
}

warned_of() {
  grep -qF -- "'$1' is not the number of a message" sub.err
}

@test "what is no number of a message acknowledges nothing" {
  start_puppet << 'END'
accept
expect connect
send connack
expect subscribe
send suback
send publish topic=t qos=1 pid=11 payload=a
send publish topic=t qos=2 pid=12 payload=b
expect puback pid=11
expect pubrec pid=12
send pubrel pid=12
expect pubcomp
END
  start_sub "$PUPPET_PORT" -q 2
  wait_for 10 grep -q '2 b' sub.out
  # Half a line that is too long, and then its rest, which looks like one.
  head -c 100 /dev/zero | tr '\0' 1 >&9
  wait_for 10 at_rest sub
  say 1
  for wrong in '' 0 -1 +1 1x '1 2' 0x1 1. 3 18446744073709551617; do
    say "$wrong"
    wait_for 10 warned_of "$wrong"
  done
  wait_for 10 at_rest sub
  run ! puppet_saw 'recv pub(ack|rec)'
  say 2 2
  wait_for 10 at_rest sub
  run ! puppet_saw 'recv pub(ack|rec)'
  say 1 1 2
  finish puppet
  stop sub
  exec 9>&-
}

@test "numbers of before a reconnect: only what the broker still awaits" {
  start_puppet << 'END'
accept
expect connect
send connack
expect subscribe
send suback
send publish topic=t qos=1 pid=11 payload=a
send publish topic=t qos=2 pid=12 payload=b
close
accept
expect connect clean=0
send connack session-present=1
send publish topic=t qos=1 pid=11 payload=a dup=1
send publish topic=t qos=2 pid=12 payload=b dup=1
send publish topic=t qos=1 pid=13 payload=c
expect pubrec pid=12
expect puback pid=11
send pubrel pid=12
expect pubcomp pid=12
expect puback pid=13
END
  start_sub "$PUPPET_PORT" -q 2 -c -i me --reconnect-delay 1ms
  wait_for 10 grep -q c sub.out
  assert "$(cat sub.out)" = $'1 a\n2 b\n3 a\n4 c' 'QoS 2 is not shown again'
  say 2 3 # number 1 is still missing
  wait_for 10 at_rest sub
  run ! puppet_saw '^2 recv pub(ack|rec)'
  say 1
  wait_for 10 puppet_saw '^2 recv puback pid=11'
  say 4
  finish puppet
  stop sub
  exec 9>&-
}

@test "numbers of a session that is lost mean nothing in the next one" {
  start_puppet << 'END'
accept
expect connect
send connack
expect subscribe
send suback
send publish topic=t qos=2 pid=12 payload=old
close
accept
expect connect
send connack session-present=0
expect subscribe
send suback
send publish topic=t qos=2 pid=12 payload=new
expect pubrec pid=12
END
  start_sub "$PUPPET_PORT" -q 2 -c -i me --reconnect-delay 1ms
  wait_for 10 grep -q new sub.out
  assert "$(cat sub.out)" = $'1 old\n2 new'
  say 1
  wait_for 10 at_rest sub
  run ! puppet_saw '^2 recv pubrec'
  say 2
  finish puppet
  stop sub
  exec 9>&-
}

@test "messages without a number are told with status 11" {
  start_puppet << 'END'
loop 3
  accept
  expect connect
  send connack
  expect subscribe
  send suback
  send publish topic=t qos=1 pid=1 payload=a
  send publish topic=t qos=1 pid=2 payload=b
  send publish topic=t qos=0 payload=c
  await disconnect
end
END
  # No more numbers can come.
  start_sub "$PUPPET_PORT" -q 1
  wait_for 10 grep -q c sub.out
  say 2
  exec 9>&-
  finish sub 11
  assert "$stderr" =~ '1 message was not acknowledged'
  # They do not come in time: after an end of our own, and after a signal.
  start_sub "$PUPPET_PORT" -q 1 -C 3 --drain-timeout 0.2
  finish sub 11
  assert "$stderr" =~ '2 messages were not acknowledged'
  start_sub "$PUPPET_PORT" -q 1 --drain-timeout 0.2
  wait_for 10 grep -q c sub.out
  kill -TERM "$STARTED"
  finish sub 11
  assert "$stderr" =~ '2 messages were not acknowledged'
  exec 9>&-
  finish puppet
}
