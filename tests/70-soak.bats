#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Many lines through a real broker while publishers, subscribers and the
# broker are killed at random moments.  make soak runs the long form; SEED=N
# repeats a run.
#
#   SOAK_LINES  lines to publish (3000; the long form 200000)
#   SOAK_KILLS  times that somebody is killed (5; 20)

load helper/helpers
load helper/peer

LINES_=${SOAK_LINES:-3000}
KILLS=${SOAK_KILLS:-5}
TOOL_TIMEOUT=$((60 + LINES_ / 200))

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

# Starts a job again and again, and kills it, until it ends by itself.
kill_often() { # NAME CMD...
  local name=$1 i
  shift
  for ((i = 0; i < KILLS; i++)); do
    start "$name" "$@"
    nap
    has_ended "$name" && break
    stop "$name" KILL || true
  done
  [ -e "jobs/$name.pid" ] || start "$name" "$@"
  finish "$name"
}

listen() { # QOS
  start got mosquitto_sub -p "$PORT" -V 311 -q "$1" -t t -C "$LINES_" \
    -W "$TOOL_TIMEOUT"
  wait_for 5 subscribed t
}

big_broker() {
  start_broker 'max_queued_messages 0' 'max_inflight_messages 100' "$@"
}

@test "a publisher that is killed loses and repeats nothing with QoS 2" {
  big_broker
  listen 2
  START_STDIN=in kill_often pub mqtt-pub -p "$PORT" -V 311 -q 2 -t t -l \
    --store s.db --exactly-once
  finish got
  assert_files_equal got.out in
}

@test "a publisher that is killed loses nothing with QoS 1" {
  big_broker
  start got mosquitto_sub -p "$PORT" -V 311 -q 1 -t t -W "$TOOL_TIMEOUT"
  wait_for 5 subscribed t
  START_STDIN=in kill_often pub mqtt-pub -p "$PORT" -V 311 -q 1 -t t -l \
    --store s.db
  wait_for 10 grep -qx "$LINES_" got.out
  stop got INT || true
  sort -un got.out > once
  assert_files_equal once in
}

@test "a subscriber that is killed has each line once with QoS 2" {
  big_broker
  sub=(mqtt-sub -p "$PORT" -V 311 -q 2 -t t --store s.db --output out
    --exactly-once)
  run_tool "${sub[@]}" -E
  run_tool mqtt-pub -p "$PORT" -q 2 -t t -l < in
  kill_often sub "${sub[@]}" --idle-timeout 2s
  assert_files_equal out in
}

@test "a broker that is restarted makes nobody lose a line" {
  port=$(free_port)
  broker() {
    cat > b.conf << END
user root
persistence true
persistence_location $PWD/
autosave_interval 1
max_queued_messages 0
listener $port 127.0.0.1
allow_anonymous true
END
    start broker "$MOSQUITTO" -c b.conf
    wait_for 10 port_open "$port"
  }
  broker
  run_tool mqtt-sub -p "$port" -V 311 -q 2 -t t --store sub.db --output out -E
  start sub mqtt-sub -p "$port" -V 311 -q 2 -t t --store sub.db --output out \
    --reconnect-delay 50ms --idle-timeout 5s
  START_STDIN=in start pub mqtt-pub -p "$port" -V 311 -q 2 -t t -l \
    --store pub.db --reconnect-delay 50ms
  for _ in 1 2 3; do
    nap
    stop broker || true
    broker
  done
  finish pub
  finish sub
  sort -n out | uniq -c | awk '$1 > 1' > repeated
  sort -un out > once
  # Debian's 2.0.11 sends an id again after its PUBREL, now and then.
  [ ! -s repeated ] || echo "# repeated: $(wc -l < repeated)"
  assert_files_equal once in
}
