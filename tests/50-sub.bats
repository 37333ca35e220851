#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# mqtt-sub against a real mosquitto: filters, which messages, how they are
# shown, where they go, when it ends.

load helper/helpers

VERSIONS='31 311 5'

# listen NAME [ARG...]: mqtt-sub on s/# unless the arguments name filters.
listen() {
  local name=$1
  shift
  if [[ " $* " != *' -t '* ]]; then
    set -- -t 's/#' "$@"
  fi
  start "$name" mqtt-sub -p "$PORT" -W "$TOOL_TIMEOUT" "$@"
  wait_for 10 eval '[ "$(subscriptions)" -gt "${before:=0}" ]'
  before=$(subscriptions)
}

subscriptions() {
  grep -c 'Sending SUBACK' broker.err
}

send() { # TOPIC TEXT [ARG...]
  local topic=$1 text=$2
  shift 2
  run_tool mqtt-pub -p "$PORT" -t "$topic" -m "$text" "$@"
}

@test "several filters, each with a quality of service of its own" {
  start_broker
  for v in $VERSIONS; do
    listen sub -V "$v" -F '%t %q' -C 3 -q 0 -t s/0 -q 1 -t s/1 -q 2 -t s/2
    for q in 0 1 2; do
      send "s/$q" x -q 2
    done
    finish sub
    assert "$output" = $'s/0 0\ns/1 1\ns/2 2' "version $v"
  done
}

@test "subscriptions may have options and identifiers of their own" {
  start_broker
  listen sub -F '%t %S' -C 4 --subscribe s/one,id=7 \
    --subscribe 's/#,id=300,qos=1' -t s/x
  send s/one x -q 1
  send s/x x
  finish sub
  # Each matches two subscriptions, and mosquitto sends it for each.
  assert "$(sort sub.out)" = $'s/one 300\ns/one 7\ns/x \ns/x 300'
}

@test "no-local leaves out what we publish ourselves" {
  start_broker
  listen sub -i same --no-local -C 1
  send s/x other
  finish sub
  assert "$output" = other
}

@test "retained messages: all, none, only, and what is new" {
  start_broker
  send s/a kept -r -q 1
  for v in $VERSIONS; do
    listen all -V "$v" -F '%r %p' -C 2
    send s/b live -V "$v"
    finish all
    assert "$output" = $'1 kept\n0 live'

    listen none -V "$v" -R -F '%r %p' -C 1
    send s/b live -V "$v"
    finish none
    assert "$output" = '0 live'

    listen only -V "$v" --retained-only -F '%r %p'
    send s/b live -V "$v"
    finish only
    assert "$output" = '1 kept'
  done
  run_tool mqtt-sub -p "$PORT" -t 's/#' --retained-only --idle-timeout 2
  assert "$output" = kept
  run_tool 27 mqtt-sub -p "$PORT" -t 's/#' --retain-handling never -W 0.4
  assert "$output" = ''
}

@test "the retain flag may stay as it was published" {
  start_broker
  listen flag --retain-as-published -F %r -C 1
  listen json --json -C 1
  listen live --json -R -C 1
  send s/x y -r
  finish flag
  assert "$output" = 1
  finish json
  assert "$(jq .retain <<< "$output")" = true
  finish live
  assert "$(jq .retain <<< "$output")" = false
}

@test "retained messages are removed, and then it ends" {
  start_broker
  for v in $VERSIONS; do
    for i in 1 2 3 4; do
      send "s/$i" "kept $i" -r -q 1
    done
    run_tool mqtt-sub -p "$PORT" -V "$v" -t 's/#' --remove-retained -T s/4 \
      -C 3 -v
    assert "$(sort <<< "$output")" = $'s/1 kept 1\ns/2 kept 2\ns/3 kept 3'
    run_tool mqtt-sub -p "$PORT" -t 's/#' --idle-timeout 2 -v
    assert "$output" = 's/4 kept 4'
    send s/4 '' -r
  done
  # More than the window takes at once.
  for i in {1..100}; do
    mosquitto_pub -p "$PORT" -t "s/$i" -m x -r
  done
  run_tool mqtt-sub -p "$PORT" -t 's/#' --remove-retained --idle-timeout 2 \
    -M 2 -F %l
  assert "$(wc -l < tool.out)" -eq 100
  run_tool mqtt-sub -p "$PORT" -t 's/#' --idle-timeout 0.3
  assert "$output" = ''
}

@test "topics may be filtered out" {
  start_broker
  listen sub -T s/noise -T 's/+/debug' -v -C 2
  send s/noise x
  send s/a/debug x
  send s/a y
  send s/noise/loud z
  finish sub
  assert "$output" = $'s/a y\ns/noise/loud z'
}

@test "-C counts what is shown" {
  start_broker
  listen sub -C 3
  seq 10 > lines
  run_tool mqtt-pub -p "$PORT" -t s/n -l < lines
  finish sub
  assert "$output" = $'1\n2\n3'
}

@test "what -C does not take stays with the broker" {
  start_broker
  for q in 1 2; do
    run_tool mqtt-sub -p "$PORT" -i keeper -c -q "$q" -t "s/$q" -E
    seq 30 > lines
    run_tool mqtt-pub -p "$PORT" -t "s/$q" -l -q 2 < lines
    : > got
    for n in 1 4 25; do
      run_tool mqtt-sub -p "$PORT" -i keeper -c -q "$q" -t "s/$q" -C $n
      cat tool.out >> got
    done
    assert_files_equal got lines
  done
}

@test "-E ends as soon as the broker has confirmed" {
  start_broker
  for v in $VERSIONS; do
    run_tool mqtt-sub -p "$PORT" -V "$v" -t "s/$v" -t s/2 -E
    assert "$output$stderr" = ''
    grep -q "s/$v (QoS" broker.err
  done
}

@test "-U unsubscribes from what an earlier run subscribed to" {
  start_broker
  run_tool mqtt-sub -p "$PORT" -i keeper -c -q 1 -t s/a -t s/b -E
  run_tool mqtt-sub -p "$PORT" -i keeper -c -q 1 -U s/a -t s/b -E
  send s/a gone -q 1
  send s/b there -q 1
  run_tool mqtt-sub -p "$PORT" -i keeper -c -q 1 -t s/b -C 1 -v
  assert "$output" = 's/b there'
  # With -U alone nothing else is asked for.
  run_tool mqtt-sub -p "$PORT" -i keeper -c -U s/b -E
  grep -q UNSUBSCRIBE broker.err
}

@test "a random share is shown" {
  start_broker
  listen sub --random-filter 20 --idle-timeout 3
  seq 2000 > lines
  run_tool mqtt-pub -p "$PORT" -t s/n -l < lines
  finish sub
  assert "$(wc -l < sub.out)" -gt 200
  assert "$(wc -l < sub.out)" -lt 650
}

@test "text that is no text is refused when asked for" {
  start_broker
  listen sub -q 1 --validate-utf8 -C 3
  printf 'bad\xff' > f
  run_tool 0 mqtt-pub -p "$PORT" -t s/x -f f -q 1
  send s/x good -q 1 --payload-format utf8
  run_tool 0 mqtt-pub -p "$PORT" -t s/x -f f -q 1 \
    -D publish payload-format-indicator 1
  send s/x end -q 1
  finish sub
  assert "$stderr" =~ "message on 's/x' refused: its payload is not UTF-8"
}

@test "how messages are shown" {
  start_broker
  send s/x 'a b' -r
  run_tool mqtt-sub -p "$PORT" -t s/x -C 1
  assert "$output" = 'a b'
  run_tool mqtt-sub -p "$PORT" -t s/x -C 1 -v
  assert "$output" = 's/x a b'
  run_tool mqtt-sub -p "$PORT" -t s/x -C 1 -N -v
  printf 's/x a b' > want
  assert_files_equal tool.out want
  run_tool mqtt-sub -p "$PORT" -t s/x -C 1 -F '\e[1m%t\e[0m %l %.2:x\n%10p|'
  assert "$output" = $'\e[1ms/x\e[0m 3 61:20:62\n       a b|'
  run_tool mqtt-sub -p "$PORT" -t s/x -C 1 --json --pretty
  assert "$(jq -r .payload tool.out)" = 'a b'
  [ "$(wc -l < tool.out)" -gt 5 ]
  run_tool mqtt-sub -p "$PORT" -t s/x -C 1 -F '%j'
  assert "$(jq -r .payload <<< "$output")" = 'a b'
  TZ=UTC-2 run_tool mqtt-sub -p "$PORT" -t s/x -C 1 -F '%I @Y'
  assert "$output" =~ ^20[0-9-]+T[0-9:]+[+]0200.20[0-9][0-9]$
  run_tool 2 mqtt-sub -p "$PORT" -t s/x -C 1 -F '%t %z'
  assert "$stderr" =~ "'%z' at character 4 is not a field"
}

@test "the JSON is what its schema says" {
  start_broker
  listen sub --json -C 3 -q 2
  send s/x hello -q 2 -r --user-property a=b --content-type c
  printf '\xff' > f
  run_tool mqtt-pub -p "$PORT" -t s/x -f f
  send s/x '' -V 311
  finish sub
  jq -e --slurpfile schema "$top_srcdir/contrib/mqtt-message.schema.json" '
    def allowed($s): (keys - ($s.properties | keys)) == [];
    $schema[0] as $s
    | allowed($s)
      and (($s.required - keys) == [])
      and (has("payload") != has("payload_b64"))
      and (.tst | test($s.properties.tst.pattern))
      and ((.properties // {}) | allowed($s.properties.properties))
    ' sub.out
}

@test "a payload that is JSON may be part of ours" {
  start_broker
  send s/x $'{ "a" :\n [1, 2] }' -r
  run_tool mqtt-sub -p "$PORT" -t s/x -C 1 -F %J
  assert "$(jq -c .payload <<< "$output")" = '{"a":[1,2]}'
  send s/x 'not json' -r
  run_tool mqtt-sub -p "$PORT" -t s/x -C 1 --json --json-payload json
  assert "$(jq -r .payload_b64 <<< "$output" | base64 -d)" = 'not json'
}

@test "--output appends to a file" {
  start_broker
  send s/x new -r
  echo old > log
  run_tool mqtt-sub -p "$PORT" -t s/x -C 1 --output log
  assert "$output" = ''
  assert "$(cat log)" = $'old\nnew'
  run_tool 12 mqtt-sub -p "$PORT" -t s/x -C 1 --output /nonexistent/log
  assert "$stderr" = "mqtt-sub: cannot open '/nonexistent/log' for writing: No such file or directory"
  run_tool 12 mqtt-sub -p "$PORT" -t s/x -C 1 --output /dev/full
  assert "$stderr" =~ 'No space left on device'
}

@test "a reader that leaves is noticed without any message" {
  start_broker
  mkfifo out
  (
    status=0
    mqtt-sub -p "$PORT" -t s/x > out || status=$?
    echo $status > status
  ) 2> sub.err 3>&- &
  exec 8< out
  wait_for 10 eval '[ "$(subscriptions)" -eq 1 ]'
  exec 8<&-
  wait_for 5 test -s status
  assert "$(cat status)" -eq 141
  assert "$(cat sub.err)" = ''
  wait_for 5 grep -q 'Received DISCONNECT' broker.err
}

@test "a pipeline gets each message at once" {
  start_broker
  mkfifo out
  start sub bash -c "mqtt-sub -p $PORT -t s/x -C 3 | tee out"
  exec 8< out
  wait_for 10 eval '[ "$(subscriptions)" -eq 1 ]'
  for i in 1 2 3; do
    send s/x "message $i"
    read -r -t 30 -u 8 line
    assert "$line" = "message $i"
  done
  exec 8<&-
  finish sub
}

@test "a slow reader keeps the connection, and nothing is lost" {
  start_broker 'max_queued_messages 0'
  mkfifo out
  start sub bash -c "exec mqtt-sub -p $PORT -t s/x -q 1 -k 2 -C 30000 > out"
  exec 8< out
  wait_for 10 eval '[ "$(subscriptions)" -eq 1 ]'
  seq -f '%g and some more text, so that it does not fit' 30000 > lines
  run_tool mqtt-pub -p "$PORT" -t s/x -q 1 -l < lines
  sleep 4 # twice the keepalive
  wait_for 10 grep -q 'Received PINGREQ' broker.err
  run ! grep -q 'exceeded timeout' broker.err
  cat <&8 > got
  exec 8<&-
  finish sub
  assert_files_equal got lines
}

@test "a reader that takes nothing does not hold up the end for ever" {
  start_broker
  mkfifo slow
  exec 9<> slow
  start sub bash -c 'exec mqtt-sub -p "$1" -t t -C 1 --drain-timeout 0.3 \
    > slow 9>&-' bash "$PORT"
  wait_for 5 subscribed t
  head -c 200000 /dev/zero > long
  run_tool mqtt-pub -p "$PORT" -q 1 -t t -f long
  finish sub 12
  assert "$stderr" =~ 'output took not all messages in time'
  exec 9>&-
}

@test "deadlines: the whole run, and idleness" {
  start_broker
  local from=${EPOCHREALTIME/./}
  run_tool 27 mqtt-sub -p "$PORT" -t s/x -W 0.5
  assert $((${EPOCHREALTIME/./} - from)) -ge 500000
  assert $((${EPOCHREALTIME/./} - from)) -lt 10000000
  assert "$stderr" = 'mqtt-sub: time is up: the 0.5 s of --timeout have passed'
  run_tool 27 mqtt-sub -p "$PORT" -t s/x -W 0.5 -C 2
  assert "$stderr" = 'mqtt-sub: only 0 of 2 messages came within the 0.5 s of --timeout'
  listen sub --idle-timeout 4 -W 60
  sleep 0.4
  send s/x one
  sleep 0.4
  send s/x two
  finish sub
  assert "$output" = $'one\ntwo'
}

@test "signals end it in good order" {
  start_broker
  local n=0
  for s in TERM:143 INT:130; do
    listen sub
    kill -"${s%:*}" "$(job_pid sub)"
    finish sub "${s#*:}"
    assert "$output$stderr" = ''
    n=$((n + 1))
    wait_for 5 eval "[ \$(grep -c 'Received DISCONNECT' broker.err) -eq $n ]"
  done
  listen sub
  kill -USR1 "$(job_pid sub)"
  wait_for 5 grep -q 'status: connected.*0 shown' sub.err
  kill "$(job_pid sub)"
  finish sub 143
}

@test "a granted quality that is lower than asked for is told" {
  PORT=$(free_port)
  start broker sh "$top_srcdir/tests/brokers/mosquitto/limits.sh" run "$PORT"
  wait_for 10 port_open "$PORT"
  run_tool mqtt-sub -p "$PORT" -t s/x -q 2 -E
  assert "$stderr" = "mqtt-sub: subscribed to 's/x' with QoS 1 instead of 2"
}

@test "after a reconnect the subscriptions are made again" {
  start_broker
  listen sub -q 1 -C 2 --reconnect-delay 0.1
  send s/x before
  wait_for 5 grep -q before sub.out
  stop broker
  start broker "$MOSQUITTO" -c broker.conf
  wait_for 10 eval '[ "$(subscriptions)" -eq 1 ]'
  send s/x after
  finish sub
  assert "$output" = $'before\nafter'
  assert "$stderr" =~ 'trying again in'
  assert "$stderr" =~ 'messages may be missing'
}

@test "without reconnect a lost connection is an error" {
  start_broker
  listen sub --reconnect no
  stop broker KILL || true
  finish sub 7
  assert "$stderr" =~ "broker 'localhost:$PORT' closed the connection"
}

@test "-d traces packets on stderr, and only there" {
  start_broker
  send s/x hello -r
  run_tool mqtt-sub -p "$PORT" -t s/x -C 1 -d -q 1
  assert "$output" = hello
  for p in 'sent CONNECT' 'received CONNACK' "sent SUBSCRIBE .*'s/x'" \
    'received SUBACK' "received PUBLISH .*'s/x'" 'sent DISCONNECT'; do
    assert "$stderr" =~ "$p"
  done
}

@test "mistakes on the command line subscribe to nothing" {
  start_broker
  for bad in '' '-t a/#/b' '-t a+ -C 1' '-t a -q 3' '-t a -C 0' \
    '-t a -C x' '-t a -W 0' '-t a --random-filter 101' \
    '-t a -F %' '-t a --json-payload hex' '-t a -T a/#/b' \
    '-t a --retained-only -R' '-t $share//a' '-t a -V 311 --no-local'; do
    # shellcheck disable=SC2086
    run_tool 2 mqtt-sub -p "$PORT" $bad
    assert "$output" = ''
    assert "$stderr" =~ '^mqtt-sub: '
  done
  assert "$(subscriptions)" -eq 0
}
