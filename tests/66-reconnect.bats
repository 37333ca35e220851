#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Connecting again: which server when, how often, for which reasons, what is
# remembered, and what can be seen of it.

load helper/helpers
load helper/peer

TOOL_TIMEOUT=30

# The values of a field of all events of one kind, in a line.
told() { # EVENT FIELD [FILE]
  jq -r "select(.event == \"$1\") | .$2" "${3:-tool.err}" | xargs
}

EVENTS=(--events json --quiet --reconnect-delay 1ms --reconnect-max-delay 20ms)

# A list of servers of which only the second is there, and soon gone.
tries_of() { # ORDER
  local dead third
  dead=$(free_port)
  third=$(free_port)
  start_puppet <<< $'on recv subscribe 1+ close\nserve 3'
  run_tool 7 mqtt-sub --server "127.0.0.1:$dead" \
    --server "127.0.0.1:$PUPPET_PORT" --server "127.0.0.1:$third" -t t \
    --server-order "$1" "${EVENTS[@]}" --reconnect-attempts 1
  finish puppet
  told connecting server |
    sed "s/127.0.0.1:$dead/1/g; s/127.0.0.1:$PUPPET_PORT/2/g
      s/127.0.0.1:$third/3/g"
}

status_says() { # NAME REGEX
  kill -USR1 "$(job_pid "$1")"
  sleep 0.1
  grep -Eq -- "$2" "$1.err"
}

@test "a list of servers is tried from its beginning" {
  assert "$(tries_of fixed | tail -n 1)" =~ '^1 2 1 2 1 2 1 2 3$'
}

@test "or from the one that was good last" {
  assert "$(tries_of rotate | tail -n 1)" =~ '^1 2 2 2 2 3 1$'
}

@test "or from anyone, and from a profile" {
  one=$(free_port)
  two=$(free_port)
  cat > profile << END
default:
  server: [127.0.0.1:$one, 127.0.0.1:$two]
  server-order: random
  reconnect-first: yes
  reconnect-attempts: 30
END
  run_tool 4 mqtt-sub --profile ./profile -t t "${EVENTS[@]}"
  told connecting server | tr ' ' '\n' > tries
  assert "$(wc -l < tries)" = 62 "each round tries both"
  assert "$(awk 'NR % 2' tries | sort -u | wc -l)" = 2
  assert "$(awk 'NR % 2 { first = $0; next } $0 == first' tries)" = ''
}

@test "it gives up after so many rounds, or so much time" {
  port=$(free_port)
  run_tool 4 mqtt-sub -h 127.0.0.1 -p "$port" -t t "${EVENTS[@]}"
  assert "$(told connecting attempt)" = 0 "not asked for: once"
  run_tool 4 mqtt-sub -h 127.0.0.1 -p "$port" -t t --reconnect-first yes \
    "${EVENTS[@]}" --reconnect-attempts 2
  assert "$(told connecting attempt)" = '0 1 2'
  assert "$(told lost retry)" = 'true true false'
  assert "$(told lost server | cut -d ' ' -f 1)" = "127.0.0.1:$port"
  assert "$(told lost state)" = 'disconnected disconnected disconnected'
  run_tool 4 mqtt-sub -h 127.0.0.1 -p "$port" -t t --reconnect-first yes \
    --reconnect-time .3 --reconnect-delay 50ms
  assert "$stderr" =~ 'gave up after'
}

descriptors() { # PID
  local all=("/proc/$1/fd/"*)
  echo ${#all[@]}
}

has_tried() { # TIMES
  [ "$(grep -c connecting sub.err)" -ge "$1" ]
}

@test "a thousand attempts that fail leave no descriptor" {
  port=$(free_port)
  for ((i = 0; i < 50; i++)); do
    servers+=(--server "127.0.0.1:$port")
  done
  start sub mqtt-sub "${servers[@]}" -t t --reconnect-first yes "${EVENTS[@]}"
  wait_for 10 grep -q connecting sub.err
  before=$(descriptors "$STARTED")
  wait_for 60 has_tried 1000
  assert "$(descriptors "$STARTED")" -le $((before + 3))
  stop sub
}

@test "what can get better is tried again, what cannot is not" {
  for reason in 0x80 0x83 0x88 0x89 0x9c; do
    start_puppet << END
accept
expect connect
send connack reason=$reason
close
accept
auto
END
    run_tool mqtt-pub -h 127.0.0.1 -p "$PUPPET_PORT" -q 1 -t t -m a \
      --reconnect-first yes --reconnect yes "${EVENTS[@]}"
    assert "$(told lost retry)" = true "$reason"
    finish puppet
  done
  for reason in 0x86 0x87 0x8a; do
    start_puppet << END
connack reason=$reason
serve
END
    run_tool 8 mqtt-pub -h 127.0.0.1 -p "$PUPPET_PORT" -q 1 -t t -m a \
      --reconnect-first yes --reconnect yes "${EVENTS[@]}"
    assert "$(told lost retry)" = false "$reason"
    run_tool 8 mqtt-pub -h 127.0.0.1 -p "$PUPPET_PORT" -q 1 -t t -m a \
      --reconnect-first yes --reconnect yes "${EVENTS[@]}" \
      --reconnect-refused yes --reconnect-attempts 2
    assert "$(told lost retry)" = 'true true false' "$reason"
    stop puppet || true
  done
}

@test "a goodbye of the broker is judged by its reason" {
  for reason in 0x8b 0x8d 0xa0; do
    start_puppet << END
on conn 1 recv subscribe 1 send disconnect reason=$reason
serve
END
    run_tool 27 mqtt-sub -h 127.0.0.1 -p "$PUPPET_PORT" -t t -W .4 \
      "${EVENTS[@]}"
    assert "$(told lost retry)" = true "$reason"
    stop puppet || true
  done
  for reason in 0x8e 0x98; do
    start_puppet << END
on conn 1 recv subscribe 1 send disconnect reason=$reason
serve
END
    run_tool 7 mqtt-sub -h 127.0.0.1 -p "$PUPPET_PORT" -t t "${EVENTS[@]}"
    assert "$(told lost retry)" = false "$reason"
    stop puppet || true
  done
}

@test "the version that a server speaks is remembered" {
  start_puppet << 'END'
versions 4 else connack
on conn 2 recv subscribe 1 close
serve
END
  run_tool 27 mqtt-sub -h 127.0.0.1 -p "$PUPPET_PORT" -t t -W .6 \
    "${EVENTS[@]}"
  assert "$(sed -n 's/.* recv connect version=\([0-9.]*\) .*/\1/p' \
    puppet.out | xargs)" = '5 4 4'
}

# A balancer that hangs up while its broker restarts has proved nothing.
@test "a version that has worked is given up for a refusal only" {
  start_puppet << 'END'
accept
expect connect version=5
send connack
expect subscribe
send suback
close
loop 3
  accept
  expect connect version=5
  close
end
accept
expect connect version=5
send connack
expect subscribe
send suback
close
accept
expect connect version=5
send connack reason=0x84
close
accept
expect connect version=4
send connack session-present=0
expect subscribe
END
  start sub mqtt-sub -h 127.0.0.1 -p "$PUPPET_PORT" -t t "${EVENTS[@]}"
  finish puppet
  stop sub
}

@test "names are looked up again for each round" {
  start_puppet <<< serve
  echo '127.0.0.9 broker.test' > hosts
  # A file in place of /etc/hosts, in this process alone.
  # shellcheck disable=SC2016
  start pub unshare -rm bash -c 'mount --bind hosts /etc/hosts
    exec mqtt-pub "$@"' pub -h broker.test -p "$PUPPET_PORT" -q 1 -t t -m a \
    --reconnect-first yes --reconnect yes --reconnect-delay 20ms \
    --reconnect-max-delay 50ms
  wait_for 10 grep -q '127.0.0.9:.* refused' pub.err
  echo '127.0.0.1 broker.test' > hosts
  finish pub
}

@test "a process that was stopped for long goes on" {
  start_broker
  start sub mqtt-sub -p "$PORT" -V 5 -q 1 -t t -C 3 -k 1 -c -i me \
    --reconnect-delay 20ms
  wait_for 5 subscribed t
  run_tool mqtt-pub -p "$PORT" -q 1 -t t -m one
  wait_for 5 grep -q one sub.out
  kill -STOP "$STARTED"
  wait_for 10 grep -q 'me has exceeded timeout' broker.err
  run_tool mqtt-pub -p "$PORT" -q 1 -t t -m two
  kill -CONT "$STARTED"
  run_tool mqtt-pub -p "$PORT" -q 1 -t t -m three
  finish sub
  assert "$output" = $'one\ntwo\nthree'
}

@test "the status line tells how reconnecting goes on" {
  port=$(free_port)
  mkfifo in
  exec 9<> in
  START_STDIN=in start pub mqtt-pub -h 127.0.0.1 -p "$port" -q 1 -t t -l \
    --reconnect-first yes --reconnect-delay 20s --drain-timeout 500ms \
    --queue-limit 5 --queue-policy drop-oldest
  seq 7 >&9
  wait_for 5 grep -q 'trying again' pub.err
  wait_for 10 status_says pub "status: disconnected, broker \
'127.0.0.1:$port', 5 queued, 0 unconfirmed, .*, attempt [0-9]+ in [0-9.]+ s, \
0 confirmed, 2 dropped"
  kill -TERM "$STARTED"
  finish pub 11
  assert "$stderr" =~ '5 messages not confirmed'
  exec 9>&-
}

@test "a password that cannot be had is asked for again after a loss" {
  start_puppet << 'END'
on recv subscribe 1 close
serve
END
  # The first time, and when it has been asked for three more times.
  cat > ask.sh << 'END'
echo >> asked
case $(wc -l < asked) in
1 | 5) echo secret ;;
*) exit 3 ;;
esac
END
  start sub mqtt-sub -h 127.0.0.1 -p "$PUPPET_PORT" -t t -u me "${EVENTS[@]}" \
    --password-command 'sh ask.sh' --reconnect-attempts 6
  wait_for 10 puppet_saw '^2 recv connect .* password=secret'
  assert "$(told lost retry sub.err)" =~ '^true true true true'
  assert "$(told lost why sub.err)" =~ 'it ended with status 3'
  wait_for 10 puppet_saw '^2 closed'
  finish sub 7
  assert "$(told lost retry sub.err | tr ' ' '\n' | tail -n 1)" = false
  assert "$stderr" =~ 'gave up after 6 attempts.*it ended with status 3'
}

@test "one that cannot be had at first ends it at once" {
  run_tool 12 mqtt-sub -h 127.0.0.1 -p "$(free_port)" -t t -u me \
    "${EVENTS[@]}" --password-command 'exit 3' --reconnect-first yes
  assert "$(told lost retry)" = false
}

@test "the last event tells what was left" {
  start_puppet <<< $'on send puback 2+ drop\nserve'
  seq 4 > in
  run_tool 11 mqtt-pub -h 127.0.0.1 -p "$PUPPET_PORT" -q 1 -t t -l \
    --inflight 2 --drain-timeout 2 "${EVENTS[@]}" < in
  assert "$(told end status)" = 11
  assert "$(told end queued)" = 1
  assert "$(told end unacknowledged)" = 2
}
