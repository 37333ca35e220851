# SPDX-License-Identifier: MIT
# mqtt-bench in many processes: local shards, which nobody asked for, and
# shards that others start.  What they measure together is exact.

load helper/helpers

# Pairs of a publisher and a subscriber, so many messages from each.
write_pairs() { # CLIENTS MESSAGES
  cat > pairs.yaml << EOF
name: pairs
connect: {rate: 0, pending: 100, timeout: 30s}
phases: {deadline: 60s, settle: 200ms, measure: 60s, drain: 30s}
groups:
  - name: sub
    clients: $1
    subscribe: [{filter: "pairs/%i", qos: 1}]
  - name: pub
    clients: $1
    publish: [{topic: "pairs/%i", qos: 1, size: 32, rate: 5/s, count: $(($1 * $2))}]
EOF
}

# A result says this of the run.
has() { # FILE JQ-CONDITION
  jq -e "$2" "$1" > /dev/null || {
    jq '{counts, partial, clients, shards, merged, imbalances}' "$1"
    die "$1: not $2"
  }
}

# Whether this machine kept up is not what these tests are about.
bench() { # ARG...
  status=0
  timeout --foreground -k 5 "$TOOL_TIMEOUT" mqtt-bench --progress none "$@" \
    3>&- > tool.out 2> tool.err || status=$?
  read_output tool
  [[ $status == 0 || $status == 13 ]] || {
    printf '%s\n' "$output" "$stderr"
    die "exit status $status"
  }
}

@test "more clients than descriptors: processes share them, unseen" {
  start_broker
  write_pairs 250 4
  ulimit -n 280
  bench run pairs.yaml --target "mqtt://127.0.0.1:$PORT" --json r.json
  has r.json '.counts.sent == 1000 and .counts.acked == 1000'
  has r.json '.counts.expected == 1000 and .counts.unique == 1000'
  has r.json '.counts.lost == 0 and .counts.duplicates == 0'
  has r.json '.clients == 500 and .counts.connected == 500'
  has r.json '.merged and .partial == null and .imbalances == null'
  has r.json '[.course[].sent] | add == 1000'
  has r.json '[.course[] | select(.phase == "measure") | .connected] |
    min == 500'
}

start_endless() {
  start_broker
  write_pairs 250 1000
  ulimit -n 280
  start bench mqtt-bench run pairs.yaml --target "mqtt://127.0.0.1:$PORT" \
    --json r.json
  wait_for 60 grep -q "measure " bench.err
  children=$(pgrep -P "$STARTED")
  assert "$(wc -w <<< "$children")" -gt 1
}

@test "an interrupt reaches all local shards, and the report is partial" {
  local children
  start_endless
  kill -INT "$STARTED"
  wait_for 60 has_ended bench
  has r.json '.partial == "interrupted" and .counts.sent < 250000'
  has r.json '.counts.lost == 0 and .counts.sent > 0'
  [ -z "$(ps -o pid= -p "${children//$'\n'/,}")" ]
}

@test "a local shard that dies is a clear error" {
  local children
  start_endless
  kill -KILL "$(head -n 1 <<< "$children")"
  finish bench 12
  assert "$stderr" =~ "process "[0-9]+", one of "[0-9]+" that shared the load, was killed by signal 9"
}

are_gone() {
  [ -z "$(ps -o pid= -p "${children//$'\n'/,}")" ]
}

@test "local shards end with the process that has started them" {
  local children
  start_endless
  kill -KILL "$STARTED"
  wait_for 10 are_gone
}
