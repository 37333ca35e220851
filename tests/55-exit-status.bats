#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The table of exit statuses, row by row, for mqtt-pub and mqtt-sub, in every
# version where a row applies; and that no silence of a peer, at whatever
# stage, holds a program up. The peer is scripted (helper/README.md).

load helper/helpers
load helper/peer

VERSIONS='31 311 5'

# The scripted peer's broker for everybody, with LINE... before it.
serve() {
  start_puppet <<< "$(printf '%s\n' "$@" serve)"
}

# Milliseconds that the last timed command took.
timed() {
  local from=${EPOCHREALTIME/./}
  "$@"
  TOOK=$(((${EPOCHREALTIME/./} - from) / 1000))
}

pub() {
  local status=0
  if [[ $1 =~ ^[0-9]+$ ]]; then
    status=$1
    shift
  fi
  run_tool "$status" mqtt-pub -h 127.0.0.1 -p "$PUPPET_PORT" -t t "$@"
}

sub() {
  local status=0
  if [[ $1 =~ ^[0-9]+$ ]]; then
    status=$1
    shift
  fi
  run_tool "$status" mqtt-sub -h 127.0.0.1 -p "$PUPPET_PORT" -t t "$@"
}

# The whole of stderr is one line that begins so.
says() {
  assert "$(wc -l < tool.err)" -eq 1 'one error is one line'
  assert "$stderr" =~ "$1"
}

@test "0: done" {
  serve
  for v in $VERSIONS; do
    for q in 0 1 2; do
      pub -V "$v" -q "$q" -m x
      assert "$stderr" = ''
    done
    sub -V "$v" -E
    assert "$stderr" = ''
  done
}

# Whether our DISCONNECT still gets out is a matter of microseconds.
@test "0: all is confirmed, and the peer is the first to close" {
  for how in close reset half-close; do
    start_puppet << END
      loop 10
        accept
        expect connect
        send connack
        expect publish
        send puback
        $how
      end
END
    for i in 1 2 3 4 5 6 7 8 9 10; do
      pub -V 5 -q 1 -m x --reconnect no
    done
    finish puppet
  done
}

@test "0: --help and --version" {
  for p in mqtt-pub mqtt-sub; do
    run_tool "$p" --help
    run_tool "$p" --version
  done
}

@test "2: usage" {
  run_tool 2 mqtt-pub -m x
  says "^mqtt-pub: "
  run_tool 2 mqtt-sub -t a --no-such-option
  says "^mqtt-sub: "
  run_tool 2 mqtt-sub -t t --profile /nonexistent/profile
}

@test "3: no such host" {
  run_tool 3 mqtt-pub -h no-such-host.invalid -t t -m x
  says "^mqtt-pub: cannot resolve 'no-such-host.invalid'"
  run_tool 3 mqtt-sub -h no-such-host.invalid -t t
}

@test "4: nobody listens" {
  local port
  port=$(free_port)
  for v in $VERSIONS auto; do
    run_tool 4 mqtt-pub -h 127.0.0.1 -p "$port" -t t -m x -V "$v"
    says "cannot connect to '127.0.0.1:$port'.*refused"
    run_tool 4 mqtt-sub -h 127.0.0.1 -p "$port" -t t -V "$v"
  done
  run_tool 4 mqtt-pub --unix "$PWD/no.sock" -t t -m x
  says "no.sock"
}

@test "4: no answer to CONNECT within --connect-timeout" {
  start_puppet << 'END'
    loop 4
      accept
      expect connect
      silence
    end
END
  for v in 311 5; do
    timed pub 4 -V "$v" -m x --connect-timeout 0.4
    says "127.0.0.1:$PUPPET_PORT"
    assert "$TOOK" -lt 50000
    timed sub 4 -V "$v" --connect-timeout 0.4
    assert "$TOOK" -lt 50000
  done
  finish puppet
}

@test "4: an address that swallows everything" {
  # TEST-NET-1 is unroutable or a black hole; either way it ends in time.
  timed run_tool 4 mqtt-pub -h 192.0.2.1 -t t -m x --connect-timeout 0.5
  assert "$TOOK" -lt 50000
}

@test "6: garbage instead of CONNACK" {
  start_puppet << 'END'
    loop 2
      accept
      expect connect
      send hex ff ff ff ff ff ff
      expect end
    end
END
  pub 6 -V 5 -m x
  says "broke the protocol"
  sub 6 -V 311 --reconnect no
  finish puppet
}

@test "6: a malformed packet later on" {
  start_puppet << 'END'
    accept
    expect connect
    send connack
    expect publish
    send hex 40 01 00
    expect end
    accept
    expect connect
    send connack
    expect subscribe
    send hex 90 03 00 01 03
    expect end
END
  pub 6 -V 311 -q 1 -m x --reconnect no
  says "broke the protocol"
  sub 6 -V 311 --reconnect no
  says "broke the protocol"
  finish puppet
}

@test "7: lost, and not made again" {
  start_puppet << 'END'
    accept
    expect connect
    send connack
    expect subscribe
    close
    accept
    expect connect
    send connack
    expect subscribe
    send suback
    reset
END
  sub 7 --reconnect no
  says "closed the connection"
  sub 7 --reconnect no
  finish puppet
}

@test "7: reconnecting gave up" {
  start_puppet << 'END'
    accept
    expect connect
    send connack
    expect subscribe
    send suback
    close
    loop 3
      accept
      expect connect
      close
    end
END
  sub 7 -V 311 --reconnect-delay 0.05 --reconnect-attempts 3
  assert "$stderr" =~ 'trying again'
  finish puppet
}

@test "8: the broker refused the connection for good" {
  for reason in 0x85 0x86 0x87 0x8a 0x8c 0x95; do
    serve "connack reason=$reason"
    pub 8 -V 5 -m x
    says "refused the connection: .*\\($reason\\)"
    sub 8 -V 5
    stop puppet
  done
  for code in 2 4 5; do
    start_puppet << END
      loop 2
        accept
        expect connect
        send connack form=3 code=$code
        close
      end
END
    pub 8 -V 311 -m x
    says 'refused the connection'
    sub 8 -V 31
    finish puppet
  done
}

@test "9: the broker refused a publish" {
  for reason in 0x80 0x83 0x87 0x90 0x97 0x99; do
    serve "on send puback all reason=$reason"
    pub 9 -V 5 -q 1 -m x
    says "cannot publish to 't': broker '127.0.0.1:$PUPPET_PORT' refused it: .*\\($reason\\)"
    stop puppet
    serve "on send pubrec all reason=$reason"
    pub 9 -V 5 -q 2 -m x
    says "refused it: .*\\($reason\\)"
    stop puppet
  done
}

@test "9: each reason has one line with its count" {
  serve 'on send puback 2 reason=0x97' 'on send puback 3 reason=0x87' \
    'on send puback 5 reason=0x87'
  seq 6 > lines
  pub 9 -V 5 -q 1 -l < lines
  assert "$(wc -l < tool.err)" -eq 2
  assert "$stderr" =~ "cannot publish 2 messages to 't'.*\\(0x87\\)"
  assert "$stderr" =~ "cannot publish to 't'.*\\(0x97\\)"
}

@test "9: the broker's own words are in the line, made harmless" {
  serve 'on send puback all reason=0x87 reason-string=no\x1b[31mway'
  pub 9 -V 5 -q 1 -m x
  says 'no\\x1B\[31mway'
}

@test "10: the broker refused a subscription" {
  serve 'on send suback all reasons=0x87'
  sub 10 -V 5
  says "cannot subscribe to 't': broker '127.0.0.1:$PUPPET_PORT' refused it: not authorized \\(0x87\\)"
  stop puppet
  serve 'on send suback all reasons=0x80'
  sub 10 -V 311
  says "cannot subscribe to 't'.*\\(0x80\\)"
  sub 10 -V 311 --partial-ok
  says "cannot subscribe to 't'"
}

@test "10: in part, unless that is fine" {
  serve 'on send suback all reasons=0x00,0x87,0x01'
  sub 10 -V 5 -t u -t v -q 1
  assert "$stderr" =~ "cannot subscribe to 'u'.*\\(0x87\\)"
  sub 27 -V 5 -t u -t v -q 1 --partial-ok -W 2
  assert "$stderr" =~ "cannot subscribe to 'u'.*\\(0x87\\)"
  assert "$stderr" =~ "subscribed to 't' with QoS 0 instead of 1"
}

@test "10: the broker refused to unsubscribe" {
  serve 'on send unsuback all reasons=0x87'
  sub 10 -V 5 -U u
  says "cannot unsubscribe from 'u'.*\\(0x87\\)"
}

@test "11: not acknowledged within --ack-timeout" {
  for v in $VERSIONS; do
    for q in 1 2; do
      serve 'on recv publish all ignore'
      timed pub 11 -V "$v" -q "$q" -m x --ack-timeout 0.4
      assert "$TOOK" -lt 50000
      says "acknowledged nothing for 0.4 s: 1 message not confirmed"
      stop puppet
    done
  done
}

@test "11: PUBREC came, PUBCOMP did not" {
  serve 'on recv pubrel all ignore'
  pub 11 -q 2 -m x --ack-timeout 0.4
  says "1 message not confirmed"
}

@test "11: some of many" {
  serve 'on send puback 3+ drop'
  seq 100 > lines
  pub 11 -V 5 -q 1 -l --ack-timeout 2 < lines
  says "98 messages not confirmed"
}

@test "11: --drain-timeout passed, although there is progress" {
  serve 'on send puback all delay 200ms'
  seq 50 > lines
  timed pub 11 -V 5 -q 1 -M 1 -l --drain-timeout 1 < lines
  assert "$TOOK" -ge 900
  assert "$TOOK" -lt 8000
  says "messages not confirmed"
}

@test "11: beats 27" {
  serve 'on recv publish all ignore'
  pub 11 -q 1 -m x -W 2
  says "1 message not confirmed"
}

@test "11: SUBACK never came" {
  serve 'on recv subscribe all ignore'
  timed sub 11 --ack-timeout 0.4
  assert "$TOOK" -lt 50000
  says "did not answer the subscription within 0.4 s"
  sub 27 -W 2
  says "subscription was not answered within the 2 s of --timeout"
}

@test "11: lost with messages unconfirmed" {
  start_puppet << 'END'
    accept
    expect connect
    send connack
    expect publish
    close
END
  pub 11 -V 311 -q 1 -m x --reconnect no
  says "1 message not confirmed"
  finish puppet
}

# A publisher of more than socket buffers hold, whose peer reads nothing of it
# and has let it come to rest.
fill_deaf_peer() { # OPTION...
  yes "$(printf '%01000d' 0)" | head -n 20000 > lines
  start_puppet << 'END'
    accept
    expect connect
    send connack
    deaf
    delay 25s
END
  START_STDIN=lines start pub mqtt-pub -h 127.0.0.1 -p "$PUPPET_PORT" -t t -l \
    "$@"
  wait_for 10 puppet_saw 'send connack'
  wait_for 20 at_rest pub
}

@test "11: a lost connection took QoS 0 with it, although it came back" {
  fill_deaf_peer -q 0 --reconnect-delay 0.05
  # What it has not read makes the kernel answer by RST.
  stop puppet KILL
  start_puppet << END
    listen 127.0.0.1:$PUPPET_PORT
    accept
    auto
    await disconnect
END
  finish pub 11
  assert "$stderr" =~ 'a lost connection left [0-9]+ bytes of messages unwritten'
  finish puppet
}

@test "12: input and output" {
  serve
  pub 12 -f /nonexistent
  says "cannot open '/nonexistent'"
  START_STDIN=/dev/null start sub bash -c \
    "exec mqtt-sub -h 127.0.0.1 -p $PUPPET_PORT -t t > /dev/full"
  wait_for 5 puppet_saw 'send suback'
  pub -m x
  finish sub 12
  assert "$stderr" = "mqtt-sub: cannot write to 'stdout': No space left on device"
}

# Nothing else of ours may get their numbers: a store would be written to as
# if it were stdout. Nor may messages be acknowledged that nobody gets.
@test "12: standard streams that are closed" {
  serve
  run_tool 12 bash -c "exec mqtt-pub -h 127.0.0.1 -p $PUPPET_PORT -t t -q 1 \
    --store pub.db -l <&-"
  says "cannot read 'stdin': Bad file descriptor"
  run_tool 12 bash -c "exec mqtt-sub -h 127.0.0.1 -p $PUPPET_PORT -t t -q 2 \
    --store sub.db >&-"
  says "cannot write to 'stdout': Bad file descriptor"
  assert "$(sqlite3 pub.db 'pragma integrity_check')" = ok
}

@test "14: the broker refused the connection for now" {
  for reason in 0x88 0x89 0x97 0x9f; do
    serve "connack reason=$reason"
    pub 14 -V 5 -m x
    says "refused the connection: .*\\($reason\\)"
    sub 14 -V 5 --reconnect no
    stop puppet
  done
  start_puppet << 'END'
    accept
    expect connect
    send connack form=3 code=3
    close
END
  pub 14 -V 311 -m x
  finish puppet
}

@test "27: time passed before the job was done" {
  serve
  sub 27 -W 2 -C 1
  says "only 0 of 1 messages came within the 2 s of --timeout"
  sub 27 -W 2
  says "time is up"
  start sub mqtt-sub -h 127.0.0.1 -p "$PUPPET_PORT" -t t -W 4 -C 2
  wait_for 5 puppet_saw 'send suback pid=1'
  pub -m x
  finish sub 27
  assert "$output" = x
  assert "$stderr" =~ 'only 1 of 2 messages'
}

@test "27 covers the connection too" {
  start_puppet << 'END'
    loop 2
      accept
      expect connect
      silence
    end
END
  timed pub 27 -m x -W 0.4
  assert "$TOOK" -lt 50000
  timed sub 27 -W 0.4
  assert "$TOOK" -lt 50000
  finish puppet
}

@test "by signal: at any stage, at once when nothing is open" {
  # Before CONNACK.
  start_puppet << 'END'
    loop 2
      accept
      expect connect
      silence
    end
END
  start pub mqtt-pub -h 127.0.0.1 -p "$PUPPET_PORT" -t t -m x
  wait_for 5 puppet_saw 'recv connect'
  timed stop_with pub TERM 143
  assert "$TOOK" -lt 5000
  start sub mqtt-sub -h 127.0.0.1 -p "$PUPPET_PORT" -t t
  wait_for 5 puppet_saw '^2 recv connect'
  timed stop_with sub INT 130
  assert "$TOOK" -lt 5000
  finish puppet
  # Before SUBACK: an orderly end.
  start_puppet << 'END'
    accept
    expect connect
    send connack
    expect subscribe
    expect disconnect
    expect close
END
  start sub mqtt-sub -h 127.0.0.1 -p "$PUPPET_PORT" -t t
  wait_for 5 puppet_saw 'recv subscribe'
  timed stop_with sub TERM 143
  assert "$TOOK" -lt 5000
  finish puppet
}

stop_with() { # NAME SIGNAL STATUS
  kill -"$2" "$(job_pid "$1")"
  finish "$1" "$3"
}

@test "by signal: 11 when messages remain, and the second one ends at once" {
  serve 'on recv publish all ignore'
  start pub mqtt-pub -h 127.0.0.1 -p "$PUPPET_PORT" -t t -q 1 -m x \
    --drain-timeout 0.5
  wait_for 5 puppet_saw 'recv publish'
  kill -TERM "$(job_pid pub)"
  finish pub 11
  assert "$stderr" =~ '1 message not confirmed'
  start pub mqtt-pub -h 127.0.0.1 -p "$PUPPET_PORT" -t t -q 1 -m x
  wait_for 5 puppet_saw '^2 recv publish'
  kill -TERM "$(job_pid pub)"
  wait_for 5 no_signal_waits pub
  timed stop_with pub INT 130
  assert "$TOOK" -lt 5000
}

# How far a job has read its input, and whether it has come to a halt there.
input_position() { # NAME
  sed -n 's/^pos:[[:space:]]*//p' "/proc/$(job_pid "$1")/fdinfo/0"
}

is_stuck() { # NAME
  local position
  position=$(input_position "$1")
  sleep 0.5
  [ "$position" -gt 0 ] && [ "$(input_position "$1")" -eq "$position" ]
}

@test "by signal: also when the peer takes nothing" {
  for q in 0 1; do
    fill_deaf_peer -q "$q" --drain-timeout 0.5
    timed stop_with pub TERM 11
    assert "$TOOK" -lt 10000
    stop puppet
  done
}

@test "by signal: also when the peer that took nothing is gone" {
  fill_deaf_peer -q 1 --drain-timeout 0.5
  stop puppet KILL
  wait_for 10 grep -q 'trying again' pub.err
  timed stop_with pub TERM 11
  assert "$TOOK" -lt 10000
}

@test "by signal: a reader that left is SIGPIPE, silently" {
  serve
  local status=0
  { mqtt-sub -h 127.0.0.1 -p "$PUPPET_PORT" -t t 2> err || echo $? > status
  } | true
  assert "$(cat status)" -eq 141
  assert "$(cat err)" = ''
}

@test "lost at QoS 1 and 2, it is sent again and confirmed" {
  # QoS 2 keeps its session for that, so that nothing is doubled; QoS 1 need
  # not.
  for q in 1 2; do
    start_puppet << END
      accept
      expect connect
      send connack
      expect publish dup=0
      reset
      session-present $((q - 1))
      serve 1
END
    pub -V 5 -q "$q" -m x --reconnect-delay 0.05
    assert "$stderr" =~ 'trying again'
    finish puppet
    assert "$(puppet_count "^2 recv publish.*dup=$((q - 1))")" -eq 1
  done
}

@test "a broker that says goodbye is heard" {
  start_puppet << 'END'
    accept
    expect connect
    send connack
    expect subscribe
    send suback
    send disconnect reason=0x8e
    close
END
  sub 7 -V 5
  assert "$stderr" =~ '0x8e'
  finish puppet
}

@test "closing right after CONNACK goes on within the limits" {
  start_puppet << 'END'
    accept
    expect connect
    send connack
    close
    accept
    auto
    await subscribe
    await disconnect
END
  sub -V 311 --reconnect-delay 0.05 -E
  finish puppet
}

@test "bytes that come one at a time are fine" {
  start_puppet << 'END'
    loop 9
      accept
      fragment 1 every 1ms
      auto
    end
END
  local n=0
  for v in $VERSIONS; do
    start sub mqtt-sub -h 127.0.0.1 -p "$PUPPET_PORT" -V "$v" -t t -q 2 -C 2
    n=$((n + 1))
    wait_for 10 eval "[ \$(puppet_count 'send suback') -eq $n ]"
    pub -V "$v" -q 2 -m one
    pub -V "$v" -q 1 -m two
    finish sub
    assert "$output" = $'one\ntwo'
  done
}
