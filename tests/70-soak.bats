#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Many lines through a real broker while publishers, subscribers and the
# broker are killed at random moments.  make soak runs the long form; SEED=N
# repeats a run.  The seed and what was counted are told of each test.
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
IDLE=$((LINES_ < 20000 ? 4 : 10))s
TOOL_TIMEOUT=$((60 + LINES_ / 200))
PEER_DEADLINE=$((TOOL_TIMEOUT * 2))

setup() {
  basic_setup
  RANDOM=${SEED:=$RANDOM}
  tell "SEED=$SEED"
  seq "$LINES_" > in
  BYTES=$(stat -c %s in)
}

# Shown of a test that passes, too.
tell() {
  echo "# $BATS_TEST_DESCRIPTION: $*" >&3
}

has_grown() { # FILE SIZE
  [ "$(stat -c %s "$1")" -ge "$2" ]
}

# Does that N times while FILE grows to BYTES: each time somewhere in another
# part of it.
on_the_way() { # N FILE BYTES CMD...
  local i n=$1 file=$2 part=$(($3 / $1))
  shift 3
  for ((i = 0; i < n; i++)); do
    wait_for "$TOOL_TIMEOUT" has_grown "$file" \
      $((i * part + RANDOM * part / 32768))
    "$@"
  done
}

kill_and_start() { # NAME CMD...
  has_ended "$1" || kills=$((kills + 1))
  stop "$1" KILL || true
  start "$@"
}

# Starts a job, kills it on the way, and leaves it to itself.
kill_on_the_way() { # FILE BYTES NAME CMD...
  local kills=0
  start "${@:3}"
  on_the_way "$KILLS" "$1" "$2" kill_and_start "${@:3}"
  tell "$kills kills"
  assert "$kills" -gt 0
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
  tell "$(wc -l < "$1") lines, $(wc -l < once) different ones"
  assert_files_equal once in
}

# Every line once, but for what the record shows to be the broker's fault.
check_exactly_once() { # FILE RECORD
  awk -f "$top_srcdir/tests/helper/broker_faults.awk" "$2" | sort -u > faults
  sort "$1" | uniq -d | sed 's/^/repeated /' > found
  comm -13 <(sort -u "$1") <(sort in) | sed 's/^/hidden /' >> found
  sort found > differences
  tell "$(wc -l < "$1") lines, $(wc -l < differences) differences," \
    "$(wc -l < faults) faults of the broker"
  comm -23 differences faults > unexcused
  assert "$(head -n 5 unexcused)" = '' 'lines without an excuse'
  # Without a fault, in order too.
  [ -s faults ] || assert_files_equal "$1" in
}

@test "a publisher that is killed loses and repeats nothing with QoS 2" {
  big_broker
  listen 2
  START_STDIN=in kill_on_the_way got.out "$BYTES" pub \
    mqtt-pub -p "$PORT" -V 311 -q 2 -t t -l --store s.db --exactly-once
  finish pub > /dev/null
  finish got > /dev/null
  assert_files_equal got.out in
}

@test "a publisher that is killed loses nothing with QoS 1" {
  big_broker
  start got mosquitto_sub -p "$PORT" -V 311 -q 1 -t t -W "$TOOL_TIMEOUT"
  wait_for 5 subscribed t
  START_STDIN=in kill_on_the_way got.out "$BYTES" pub \
    mqtt-pub -p "$PORT" -V 311 -q 1 -t t -l --store s.db
  finish pub > /dev/null
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

has_all() { # FILE
  [ "$(sort -u "$1" | wc -l)" -eq "$LINES_" ]
}

# What the broker has sent so far, a PUBLISH or a PUBREL.
progress() { # RECORD
  grep -cE '^[0-9]+ down pub(lish|rel) ' "$1" || true
}

# collect_rest RECORD SUBSCRIBER...: all has been published, and the job sub
# goes. --idle-timeout knows of messages only, and a broker that has many in
# flight may send nothing but PUBRELs for longer than that: the rest is in its
# session and comes with another run.  What is still missing after one in which
# it had nothing to send is lost.
collect_rest() {
  local record=$1 before
  shift
  kill -TERM "$(job_pid sub)"
  finish sub 143 > /dev/null
  while
    before=$(progress "$record")
    tell "$(wc -l < out) lines so far"
    run_tool "$@" --idle-timeout "$IDLE"
    ! has_all out && [ "$(progress "$record")" -ne "$before" ]
  do
    :
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
  kill_on_the_way out "$BYTES" sub "${sub[@]}"
  finish pub > /dev/null
  collect_rest proxy.record "${sub[@]}"
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

# A broker that is killed has forgotten what came since it last saved.
restart() { # PORT
  STOP_TIMEOUT=$TOOL_TIMEOUT stop broker || true
  restarted_broker "$1"
}

# Both ends go on while the broker comes and goes: restart_broker QOS
restart_broker() {
  local port options
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
  start sub "${sub[@]}"
  START_STDIN=in start pub "${pub[@]}"
  on_the_way $((KILLS < 20 ? 3 : 5)) out "$BYTES" restart "$port"
  finish pub > /dev/null
  collect_rest sub_proxy.record "${sub[@]}"
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
  # Its log has more than 200 bytes of each message.
  START_STDIN=in kill_on_the_way puppet.out $((LINES_ * 200)) pub \
    mqtt-pub -p "$PUPPET_PORT" -q 2 -t t -l --store s.db --exactly-once \
    --reconnect-delay 1ms --reconnect-max-delay 20ms \
    --drain-timeout "$TOOL_TIMEOUT"
  finish pub > /dev/null
  assert "$(puppet_count ' open')" -ge 10
  awk -f "$top_srcdir/tests/helper/delivered.awk" -v topic=t puppet.out > got
  assert_files_equal got in
}

# The same for a subscriber: the peer is a broker that makes no mistake but
# dies at any step of a delivery, and half of the time has forgotten what it
# had not written.
die_at_both_ends() { # SUBSCRIBER...
  local deaths=$((LINES_ < 25000 ? LINES_ / 50 : 500))
  start_puppet << END
numbered t $LINES_ window=20 deaths=$deaths seed=$SEED
serve
END
  kill_on_the_way out "$BYTES" sub "$@" -h 127.0.0.1 -p "$PUPPET_PORT" \
    -q 2 -t t --store s.db --output out --reconnect-delay 1ms \
    --reconnect-max-delay 20ms
  wait_for "$TOOL_TIMEOUT" puppet_saw ' delivered all'
  stop sub || true
  tell "$(puppet_count ' dies ') deaths of the broker"
  assert "$(puppet_count ' dies .* restart=0')" -ge 10
  assert "$(puppet_count ' dies .* restart=1')" -ge 10
  assert "$(grep -m 5 -E ' error |recv disconnect reason=0x[89]' puppet.out)" = ''
  assert_files_equal out in
}

@test "a broker and a subscriber that die lose and repeat nothing, MQTT 3" {
  die_at_both_ends mqtt-sub -V 311
}

@test "a broker and a subscriber that die lose and repeat nothing, MQTT 5" {
  die_at_both_ends mqtt-sub -V 5 --receive-maximum 13
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
