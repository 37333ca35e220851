# SPDX-License-Identifier: MIT
# A hundred thousand connections that publish 20,000 messages a second, in
# less than 200 MiB: all processes of mqtt-bench together, by proportional set
# size.  How fast they connect and answer is the machine's business.

load helper/helpers
load helper/peer

N=100000

# As many counting peers as the limit of descriptors asks for.
start_counters() {
  local i count each=$(($(ulimit -Hn) - 100))
  count=$(((N + each - 1) / each))
  for ((i = 1; i <= count; i++)); do
    COUNTER=counter$i PEER_DEADLINE=170 start_counter
    targets+=(--target "mqtt://127.0.0.1:$COUNTER_PORT")
  done
  counters=$count
}

# KiB of the processes whose parent is $1, and of itself.
memory_of() {
  local pid files=()
  for pid in $1 $(pgrep -P "$1"); do
    files+=("/proc/$pid/smaps_rollup")
  done
  cat "${files[@]}" 2> /dev/null | awk '/^Pss:/ { n += $2 } END { print n + 0 }'
}

@test "100,000 connections publish 20,000 messages a second in < 200 MiB" {
  local targets=() counters bench i received=0 memory most=0
  [ "$(ulimit -Hn)" -ge 2000 ] ||
    skip "the limit of file descriptors is $(ulimit -Hn)"
  start_counters
  start bench mqtt-bench pub "${targets[@]}" --clients $N --qos 1 \
    --topic 'hold/%i' --size 64 --rate 20000/s --connect-rate 0 \
    --connect-pending 400 --warmup 0s --duration 7s --drain 30s --json r.json
  bench=$STARTED
  wait_for 120 grep -q measure bench.err
  # By the end every connection has published, and has what it keeps for it.
  until grep -q 'drain\|over' bench.err || has_ended bench; do
    memory=$(memory_of "$bench")
    most=$((memory > most ? memory : most))
    sleep 0.5
  done
  wait_for 60 has_ended bench
  echo "# $((most / 1024)) MiB in all processes" >&3
  jq -e '.clients == 100000 and .counts.connected == 100000 and
    .counts.sent == 140000 and .counts.acked == 140000 and
    .counts.disconnects == 0 and .partial == null' r.json ||
    die "not all of it was done: $(jq .counts r.json)"
  assert "$most" -gt $((10 * 1024))
  assert "$most" -lt $((200 * 1024))
  for ((i = 1; i <= counters; i++)); do
    kill -TERM "$(job_pid "counter$i")"
    finish "counter$i"
    assert "$output" =~ " lost=0 errors=0 "
    [[ $output =~ received=([0-9]+) ]]
    received=$((received + BASH_REMATCH[1]))
  done
  assert $received -eq 140000
}
