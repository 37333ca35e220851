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
    cat tool.out tool.err
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
    max == 500'
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

# Results of all shards: each is a part of one run, and together they have
# every message once.
check_shards() { # COUNT MESSAGES
  jq -s -e "length == $1 and ([.[].shard] | sort) == [range($1)] and
    all(.shards == $1 and .merged == false and .partial == null) and
    ([.[].run] | unique | length) == 1 and
    ([.[].seed] | unique | length) == 1" shard-*.json ||
    die "not the parts of one run"
  jq -s -e "([.[].counts.sent] | add) == $2 and
    ([.[].counts.acked] | add) == $2 and
    ([.[].counts.unique] | add) == $2 and
    ([.[].counts.duplicates] | add) == 0 and
    ([.[].timings.e2e.count // 0] | add) > 0" shard-*.json || {
    jq -c '.counts' shard-*.json
    die "not every message once"
  }
  bench merge shard-*.json --json merged.json
  has merged.json ".merged and .counts.sent == $2 and .counts.lost == 0 and
    .counts.expected == $2 and .counts.unique == $2"
}

@test "GNU parallel: four shards, started by contrib/bench/parallel.sh" {
  start_broker
  write_pairs 40 10
  # Its exit status is the number of results that were not valid.
  LEAD=8 "$top_srcdir/contrib/bench/parallel.sh" 4 pairs.yaml \
    "mqtt://127.0.0.1:$PORT" . > tool.out 2>&1 3>&- || [ $? -le 4 ]
  check_shards 4 400
}

@test "Open MPI: each rank is a shard by itself" {
  start_broker
  write_pairs 40 10
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  # shellcheck disable=SC2016
  run_tool mpirun --oversubscribe -n 3 sh -c 'mqtt-bench run pairs.yaml \
    --progress none --target "$0" --start-at "$1" \
    --json "shard-$OMPI_COMM_WORLD_RANK.json" || [ $? = 13 ]' \
    "mqtt://127.0.0.1:$PORT" $(($(date +%s) + 8))
  check_shards 3 400
}

# The shard is told by what the program says it would do.
planned() { # CLIENTS
  run_tool mqtt-bench conn --target mqtt://127.0.0.1:1 -c 100 --plan "${@:2}"
  assert "$output" =~ "needs"\ +$(($1 + 64))" descriptors"
}

@test "the shard comes from the option, or from Slurm and Kubernetes" {
  planned 100
  planned 25 --shard 4/4
  SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=5 planned 20
  SLURM_PROCID=1 SLURM_NTASKS=5 planned 20
  SLURM_PROCID=1 SLURM_NTASKS=5 planned 100 --shard 1/1
  JOB_COMPLETION_INDEX=3 JOB_COMPLETIONS=4 planned 25
  JOB_COMPLETION_INDEX=3 planned 25 --shard 4
  PARALLEL_SEQ=2 planned 50 --shard 2
  PARALLEL_SEQ=2 planned 100
}

refused() { # TEXT ARG...
  run_tool 2 mqtt-bench conn --target mqtt://127.0.0.1:1 -c 100 --plan "${@:2}"
  assert "$stderr" =~ "$1"
}

@test "shards that cannot be are refused in one line" {
  refused "--shard: '5' is not a whole number from 1 to 4" --shard 5/4
  refused "--shard: '4' does not say which one" --shard 4
  JOB_COMPLETION_INDEX=1 refused "JOB_COMPLETIONS is not: say of how many"
  SLURM_PROCID=5 SLURM_NTASKS=5 refused "SLURM_PROCID: '5' is not"
  refused "--start-at: '1000' has passed" --start-at 1000
  refused "--start-at: " --start-at tomorrow
}

# Two generators, the second by a clock of its own; the only subscriber is
# the first one's. Half of what it gets has other times on it.
two_clocks() { # OPTION...
  local options=(run fanin.yaml --target "mqtt://127.0.0.1:$PORT"
    --start-at $(($(date +%s) + 4)) --progress none "$@")
  rm -f one.json two.json
  start two unshare --time --boottime 5000 --fork --kill-child \
    mqtt-bench "${options[@]}" --shard 2/2 --json two.json
  bench "${options[@]}" --shard 1/2 --json one.json
  wait "$(job_pid two)" || true # not valid, perhaps: see bench
  rm "$BATS_TEST_TMPDIR/jobs/two.pid"
  bench merge one.json two.json --json merged.json
  has merged.json '.counts.unique == 40 and .counts.lost == 0'
}

@test "another clock's times give no figure, unless a bound was stated" {
  start_broker
  cat > fanin.yaml << 'EOF_YAML'
name: fanin
phases: {deadline: 30s, measure: 20s, drain: 5s}
groups:
  - name: sub
    clients: 1
    subscribe: [{filter: "fanin/#", qos: 1}]
  - name: pub
    clients: 2
    publish: [{topic: "fanin/%i", qos: 1, size: 32, rate: 20/s, count: 40}]
EOF_YAML
  two_clocks
  has merged.json '.timings.e2e.count <= 20 and .timings.e2e.count > 15 and .counts.clock_errors == 0'
  has merged.json '.clock_bound == 0 and .clock == "0000000000000000"'
  two_clocks --clock-bound 50ms
  # Clocks that differ begin and end to measure at different moments.
  has merged.json '.timings.e2e.count > 35'
  has merged.json '.timings.e2e.max < 10000000000'
  has merged.json '.clock_bound == 50000000'
  run_tool mqtt-bench report merged.json
  assert "$output" =~ "e2e figures are known to 50.0 ms"
}
