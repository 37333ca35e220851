#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Many lines through a real broker while publishers, subscribers and the
# broker are killed at random moments.  make soak runs the long form; SEED=N
# repeats a run.
#
#   SOAK_LINES  lines to publish (3000; the long form 200000)
#   SOAK_KILLS  times that somebody is killed (5; 20)
#
# Debian's broker (2.0.11) sends an id again after its PUBREL, and with a long
# queue gives out ids that are in use.  What a proxy has recorded of that is
# the only excuse for a line too many or too few (helper/broker_faults.awk).

load helper/helpers
load helper/peer

LINES_=${SOAK_LINES:-3000}
KILLS=${SOAK_KILLS:-5}
TOOL_TIMEOUT=$((60 + LINES_ / 200))
PEER_DEADLINE=$((TOOL_TIMEOUT * 2))

setup() {
  basic_setup
  RANDOM=${SEED:=$RANDOM}
  echo "# SEED=$SEED"
  seq "$LINES_" > in
}

# A pause from 0 to 0.4 s.
nap() {
  sleep "0.$(printf %03d $((RANDOM % 400)))"
}

# Starts a job again and again, and kills it, until it ends by itself or all
# kills are done.
kill_some() { # NAME CMD...
  local name=$1 i
  shift
  for ((i = 0; i < KILLS; i++)); do
    start "$name" "$@"
    nap
    ! has_ended "$name" || return 0
    stop "$name" KILL || true
  done
  echo "# $i kills"
}

# The same, and then it may do its work.
kill_often() { # NAME CMD...
  kill_some "$@"
  [ -e "jobs/$1.pid" ] || start "$@"
  finish "$1" > /dev/null
}

listen() { # QOS
  start got mosquitto_sub -p "$PORT" -V 311 -q "$1" -t t -C "$LINES_" \
    -W "$TOOL_TIMEOUT"
  wait_for 5 subscribed t
}

big_broker() {
  start_broker 'max_queued_messages 0' 'max_inflight_messages 100' "$@"
}

# No line is missing, whatever came twice.
check_none_lost() { # FILE
  sort -un "$1" > once
  assert_files_equal once in
}

# Every line once, but for what the record shows to be the broker's fault.
check_exactly_once() { # FILE RECORD
  awk -f "$top_srcdir/tests/helper/broker_faults.awk" "$2" | sort -u > faults
  sort "$1" | uniq -d | sed 's/^/repeated /' > found
  comm -13 <(sort -u "$1") <(sort in) | sed 's/^/hidden /' >> found
  sort found > differences
  echo "# $(wc -l < differences) differences," \
    "$(wc -l < faults) faults of the broker"
  comm -23 differences faults > unexcused
  assert "$(head -n 5 unexcused)" = '' 'lines without an excuse'
  # Without a fault, in order too.
  [ -s faults ] || assert_files_equal "$1" in
}

@test "a publisher that is killed loses and repeats nothing with QoS 2" {
  big_broker
  listen 2
  START_STDIN=in kill_often pub mqtt-pub -p "$PORT" -V 311 -q 2 -t t -l \
    --store s.db --exactly-once
  finish got > /dev/null
  assert_files_equal got.out in
}

@test "a publisher that is killed loses nothing with QoS 1" {
  big_broker
  start got mosquitto_sub -p "$PORT" -V 311 -q 1 -t t -W "$TOOL_TIMEOUT"
  wait_for 5 subscribed t
  START_STDIN=in kill_often pub mqtt-pub -p "$PORT" -V 311 -q 1 -t t -l \
    --store s.db
  wait_for "$TOOL_TIMEOUT" grep -qx "$LINES_" got.out
  stop got INT || true
  check_none_lost got.out
}

# The lines, piece by piece, never far ahead of what has come out: otherwise
# the broker would have more in flight than there are ids.
feed() { # FILE
  local piece bytes=0
  split -l $((LINES_ / KILLS / 8)) in piece.
  for piece in piece.*; do
    cat "$piece"
    bytes=$((bytes + $(stat -c %s "$piece")))
    sleep 0.05
    until [ "$(stat -c %s "$1")" -ge $((bytes - 30000)) ]; do
      sleep 0.02
    done
  done
}

publish_fed() { # FILE
  feed "$1" | mqtt-pub -p "$PORT" -q 2 -t t -l
}

kill_subscriber() { # QOS
  local sub
  big_broker
  start_proxy "$PORT"
  sub=(mqtt-sub -h 127.0.0.1 -p "$PROXY_PORT" -V 311 -q "$1" -t t
    --store s.db --output out)
  run_tool "${sub[@]}" -E
  start pub publish_fed out
  kill_some sub "${sub[@]}"
  [ -e jobs/sub.pid ] || start sub "${sub[@]}" --idle-timeout 5s
  finish pub > /dev/null
  finish sub > /dev/null
}

@test "a subscriber that is killed has each line once with QoS 2" {
  kill_subscriber 2
  check_exactly_once out proxy.record
}

@test "a subscriber that is killed misses nothing with QoS 1" {
  kill_subscriber 1
  check_none_lost out
}

restarted_broker() { # PORT
  cat > b.conf << END
user root
persistence true
persistence_location $PWD/
autosave_interval 1
max_queued_messages 0
listener $1 127.0.0.1
allow_anonymous true
END
  start broker "$MOSQUITTO" -c b.conf
  wait_for 30 port_open "$1"
}

# Both ends go on while the broker comes and goes: restart_broker QOS
restart_broker() {
  local port options i
  port=$(free_port)
  options=(-V 311 -q "$1" -t t --reconnect-delay 50ms)
  restarted_broker "$port"
  PROXY=pub_proxy start_proxy "$port"
  options+=(-h 127.0.0.1)
  local pub=(mqtt-pub -p "$PROXY_PORT" "${options[@]}" -l --store pub.db)
  PROXY=sub_proxy start_proxy "$port"
  local sub=(mqtt-sub -p "$PROXY_PORT" "${options[@]}" --store sub.db
    --output out)
  run_tool "${sub[@]}" -E
  start sub "${sub[@]}" --idle-timeout 10s
  START_STDIN=in start pub "${pub[@]}"
  for ((i = 0; i < (KILLS < 20 ? 3 : 5); i++)); do
    nap
    stop broker || true
    restarted_broker "$port"
  done
  finish pub > /dev/null
  finish sub > /dev/null
}

@test "a broker that is restarted makes nobody lose or repeat with QoS 2" {
  restart_broker 2
  assert "$(awk -f "$top_srcdir/tests/helper/sender_faults.awk" \
    pub_proxy.record)" = ''
  check_exactly_once out sub_proxy.record
}

@test "a broker that is restarted makes nobody lose a line with QoS 1" {
  restart_broker 1
  check_none_lost out
}

# Without the excuses: a peer whose log is what a faultless broker would have
# delivered, and which resets connections anywhere, while the publisher is
# killed as well.
@test "connections and a publisher that die lose and repeat nothing" {
  local i
  {
    for ((i = 1; i <= 30; i++)); do
      echo "on conn $i recv $(shuf -n 1 -e publish publish pubrel \
        --random-source=<(yes $((RANDOM + i))))" \
        "$((RANDOM % (LINES_ / 20) + 1)) reset"
    done
    echo serve
  } > script
  start_puppet < script
  START_STDIN=in kill_often pub mqtt-pub -p "$PUPPET_PORT" -q 2 -t t -l \
    --store s.db --exactly-once --reconnect-delay 1ms \
    --reconnect-max-delay 20ms --drain-timeout "$TOOL_TIMEOUT"
  assert "$(puppet_count ' open')" -ge 10
  awk -f "$top_srcdir/tests/helper/delivered.awk" -v topic=t puppet.out > got
  assert_files_equal got in
}

# The peer is a broker that was restarted after each step of a hand-over, and
# what it had not yet written down it does again; the subscriber is killed as
# well.
@test "each step of a delivery may be the last one before a restart" {
  local i
  {
    for ((i = 1; i <= 7; i++)); do
      printf '%s\n' accept 'expect connect' \
        "send connack session-present=$((i > 1))"
      case $i in
      1) printf '%s\n' 'await subscribe' 'send suback' \
        'send publish topic=t qos=2 pid=1 payload=a' ;;
      2) printf '%s\n' 'send publish topic=t qos=2 pid=1 dup=1 payload=a' \
        'await pubrec pid=1' ;;
      3) printf '%s\n' 'send publish topic=t qos=2 pid=1 dup=1 payload=a' \
        'await pubrec pid=1' 'send pubrel pid=1' ;;
      4) printf '%s\n' 'send pubrel pid=1' 'await pubcomp pid=1' ;;
      5) printf '%s\n' 'send pubrel pid=1' 'await pubcomp pid=1' \
        'send publish topic=t qos=2 pid=1 payload=b' 'await pubrec pid=1' ;;
      6) printf '%s\n' 'send pubrel pid=1' 'await pubcomp pid=1' \
        'send publish topic=t qos=1 pid=1 payload=c' 'await puback pid=1' ;;
      7) printf '%s\n' 'send publish topic=t qos=2 pid=1 payload=d' \
        'await pubrec' 'send pubrel' 'await pubcomp' ;;
      esac
      [ $i -eq 7 ] || echo reset
    done
  } > script
  local sub
  for kills in 0 1; do
    start_puppet < script
    sub=(mqtt-sub -h 127.0.0.1 -p "$PUPPET_PORT" -V 311 -q 2 -t t
      --store "$kills.db" --output "out$kills" --reconnect-delay 1ms)
    for ((i = 1; kills && i <= 6; i++)); do
      start sub "${sub[@]}" --reconnect-delay 60s
      wait_for 10 puppet_saw "^$i reset"
      stop sub KILL || true
    done
    start sub "${sub[@]}"
    finish puppet
    stop sub || true
    assert "$(cat "out$kills")" = $'a\nb\nc\nd'
  done
}
