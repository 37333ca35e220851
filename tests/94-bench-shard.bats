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
  local quiet=(--progress none)
  [ "$1" != merge ] || quiet=()
  status=0
  timeout --foreground -k 5 "$TOOL_TIMEOUT" mqtt-bench "${quiet[@]}" "$@" \
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
  # The second in which the measuring ends may be one of both phases.
  has r.json '[.course[] | select(.phase == ("measure", "drain")) | .connected] |
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

# srun as far as the script needs it: three tasks, which know who they are.
fake_srun() {
  mkdir bin
  cat > bin/srun << 'EOF_SRUN'
#!/bin/bash
while [[ $1 == --* ]]; do shift; done
for ((i = 0; i < 3; i++)); do
  SLURM_PROCID=$i SLURM_STEP_NUM_TASKS=3 "$@" &
done
wait
EOF_SRUN
  chmod +x bin/srun
}

@test "Slurm: contrib/bench/slurm.sbatch starts and merges its tasks" {
  start_broker
  write_pairs 30 10
  fake_srun
  bash -n "$top_srcdir/contrib/bench/slurm.sbatch"
  assert "$(grep -c '^#SBATCH --[a-z-]*' \
    "$top_srcdir/contrib/bench/slurm.sbatch")" -ge 4
  status=0
  PATH=$PWD/bin:$PATH LEAD=8 SLURM_JOB_ID=77 SLURM_PROCID=0 SLURM_NTASKS=3 \
    bash "$top_srcdir/contrib/bench/slurm.sbatch" "$PWD/pairs.yaml" \
    "mqtt://127.0.0.1:$PORT" > tool.out 2>&1 3>&- || status=$?
  [[ $status = 0 || $status = 13 ]]
  cp mqtt-bench-77/shard-*.json .
  check_shards 3 300
  has mqtt-bench-77/result.json '.merged and .counts.unique == 300'
}

# What a container of the Job is told to run, with its variables.
@test "Kubernetes: the pods of contrib/bench/kubernetes-job.yaml" {
  local job=$top_srcdir/contrib/bench/kubernetes-job.yaml command pods i
  local pids=()
  start_broker
  write_pairs 40 5
  pods=$(sed -n 's/^  completions: //p' "$job")
  assert "$(grep -cE "^  parallelism: $pods$|JOB_COMPLETIONS, value: \"$pods\"" \
    "$job")" = 2
  assert "$(tail -n +12 "$job" | grep -c START_AT)" = 1
  command=$(sed -n '/- >-/,/env:/p' "$job" | sed '1d;$d' | tr -s '\n ' ' ')
  command=${command//START_AT/$(($(date +%s) + 8))}
  command=${command//\/load\/load.yaml/pairs.yaml}
  command=${command//\/results\//}
  command=${command//mqtt:\/\/broker:1883/mqtt://127.0.0.1:$PORT}
  for ((i = 0; i < pods; i++)); do
    JOB_NAME=mqtt-bench JOB_COMPLETIONS=$pods JOB_COMPLETION_INDEX=$i \
      sh -c "$command" > "pod$i" 2>&1 3>&- &
    pids+=($!)
  done
  for i in "${pids[@]}"; do
    wait "$i" || [ $? = 13 ]
  done
  check_shards "$pods" 200
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

@test "the shard comes from the option, Slurm, Open MPI or Kubernetes" {
  planned 100
  planned 25 --shard 4/4
  OMPI_COMM_WORLD_RANK=3 OMPI_COMM_WORLD_SIZE=4 planned 25
  SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=5 SLURM_NTASKS=50 planned 20
  SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=5 planned 100 --shard 1/1
  SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=5 planned 20 --shard 5
  JOB_COMPLETION_INDEX=3 JOB_COMPLETIONS=4 planned 25
  JOB_COMPLETION_INDEX=3 planned 25 --shard 4
  JOB_COMPLETION_INDEX=0 JOB_COMPLETIONS=1 planned 100
  PARALLEL_SEQ=2 planned 50 --shard 2
  PARALLEL_SEQ=2 planned 100
  # The script of a batch job runs once, however many tasks it may start.
  SLURM_PROCID=0 SLURM_NTASKS=5 SLURM_JOB_ID=7 planned 100
  local array=(SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=9
    SLURM_ARRAY_TASK_MIN=6 SLURM_ARRAY_TASK_MAX=9 SLURM_ARRAY_TASK_COUNT=4
    SLURM_PROCID=0 SLURM_NTASKS=1)
  export "${array[@]}"
  planned 25
  SLURM_STEP_NUM_TASKS=1 planned 25
  # --array=6-18:4
  SLURM_ARRAY_TASK_MAX=18 SLURM_ARRAY_TASK_STEP=4 SLURM_ARRAY_TASK_ID=14 \
    planned 25
}

is_shard() { # INDEX
  bench conn --target self -c 3 --duration 0.1 --json who.json "${@:2}"
  has who.json ".shard == $1 and .shards == 2 and .counts.connected == 2 - $1"
}

@test "the first shard is the first one everywhere" {
  local set i
  for i in 0 1; do
    for set in "OMPI_COMM_WORLD_RANK=$i OMPI_COMM_WORLD_SIZE=2" \
      "SLURM_PROCID=$i SLURM_STEP_NUM_TASKS=2" \
      "SLURM_ARRAY_TASK_ID=$i SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_COUNT=2" \
      "SLURM_ARRAY_TASK_ID=$((3 + 5 * i)) SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_MAX=8 SLURM_ARRAY_TASK_STEP=5 SLURM_ARRAY_TASK_COUNT=2" \
      "JOB_COMPLETION_INDEX=$i JOB_COMPLETIONS=2"; do
      # shellcheck disable=SC2086
      (export ${set?} && is_shard "$i")
    done
    PARALLEL_SEQ=$((i + 1)) is_shard "$i" --shard 2
  done
}

@test "where there are several to be a shard of, the user has to say" {
  export PARALLEL_SEQ=2 SLURM_PROCID=0
  # parallel in the script of a batch job, and in each task of one
  planned 50 --shard 2
  SLURM_STEP_NUM_TASKS=4 planned 50 --shard 2
  SLURM_STEP_NUM_TASKS=4 \
    refused "both PARALLEL_SEQ and SLURM_STEP_NUM_TASKS are set"
  unset PARALLEL_SEQ
  export SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=4
  SLURM_STEP_NUM_TASKS=4 \
    refused "both SLURM_STEP_NUM_TASKS and SLURM_ARRAY_TASK_COUNT are set"
  unset SLURM_ARRAY_TASK_ID SLURM_ARRAY_TASK_COUNT
  # mpirun has srun start its daemons, one on each node.
  SLURM_STEP_NUM_TASKS=4 OMPI_COMM_WORLD_RANK=9 OMPI_COMM_WORLD_SIZE=10 \
    planned 10
}

refused() { # TEXT ARG...
  run_tool 2 mqtt-bench conn --target mqtt://127.0.0.1:1 -c 100 --plan "${@:2}"
  assert "$stderr" =~ "$1"
}

@test "shards that cannot be are refused in one line" {
  refused "--shard: '5' is not a whole number from 1 to 4" --shard 5/4
  refused "--shard: '4' does not say which one" --shard 4
  JOB_COMPLETION_INDEX=1 refused "JOB_COMPLETIONS is not: say of how many"
  SLURM_PROCID=5 SLURM_STEP_NUM_TASKS=5 refused "SLURM_PROCID: '5' is not"
  SLURM_STEP_NUM_TASKS=5 refused "SLURM_PROCID: '' is not"
  SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=0 refused "SLURM_STEP_NUM_TASKS: '0' is"
  SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_MIN=6 SLURM_ARRAY_TASK_COUNT=4 \
    refused "SLURM_ARRAY_TASK_ID: '5' is not a whole number from 6 to 9"
  # --array=1,3,7, in each of them
  local i
  for i in 1 3 7; do
    SLURM_ARRAY_TASK_ID=$i SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=7 \
      SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=3 \
      refused "the 3 numbers from 1 to 7 have gaps: .* --shard I/N"
  done
  OMPI_COMM_WORLD_RANK=-1 OMPI_COMM_WORLD_SIZE=4 refused "'-1' is not"
  OMPI_COMM_WORLD_RANK=1 refused "OMPI_COMM_WORLD_SIZE is not"
  JOB_COMPLETION_INDEX=4 JOB_COMPLETIONS=4 refused "COMPLETION_INDEX: '4' is"
  JOB_COMPLETION_INDEX=x JOB_COMPLETIONS=4 refused "COMPLETION_INDEX: 'x' is"
  PARALLEL_SEQ=3 refused "PARALLEL_SEQ: '3' is not" --shard 2
  refused "--start-at: '1000' has passed" --start-at 1000
  refused "--start-at: " --start-at tomorrow
}

@test "a shard that is ready too late says so, and so does what is merged" {
  start_broker
  write_pairs 2 10
  # Four clients, two of them its own, at one a second.
  bench run pairs.yaml --target "mqtt://127.0.0.1:$PORT" --connect-rate 1 \
    --shard 1/2 --start-at +0.2s --run-id late --json shard-1.json
  assert "$stderr" =~ ^"mqtt-bench: clients were ready "[0-9.]+" s after --start-at: leave more time to connect"
  assert "$output" =~ "clients were ready "[0-9.]+" s after --start-at: it did not begin with the others"
  has shard-1.json '.late_start > 0.5 and .late_start < 60 and
    .verdict.trust != "VALID"'
  bench run pairs.yaml --target "mqtt://127.0.0.1:$PORT" --shard 2/2 \
    --start-at +4s --run-id late --json shard-2.json
  assert "$stderr" !~ "after --start-at"
  has shard-2.json '.late_start == null'
  bench merge shard-1.json shard-2.json --json merged.json
  has merged.json '.late_start > 0.5'
  assert "$output" =~ "it did not begin with the others"
  # Local shards begin together, and late together.
  ulimit -n 280
  write_pairs 250 1
  bench run pairs.yaml --target "mqtt://127.0.0.1:$PORT" --connect-rate 400 \
    --start-at +0.2s --json local.json
  has local.json '.late_start > 0.5'
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
  # Valid or not, as merge has said it.
  run_tool "$status" mqtt-bench report merged.json
  assert "$output" =~ "e2e figures are known to 50.0 ms"
}

# Topics that differ from message to message, and a share group.
write_varying() {
  cat > varying.yaml << 'EOF_YAML'
name: varying
phases: {deadline: 30s, settle: 200ms, measure: 20s, drain: 5s}
require: [lost == 0]
groups:
  - name: sub
    clients: 6
    subscribe: [{filter: "v/%i/#", qos: 1}]
  - name: group
    clients: 3
    subscribe: [{filter: "$share/g/v/+/3", qos: 1}]
  - name: pub
    clients: 6
    publish: [{topic: "v/%i/%n", qos: 1, size: 32, rate: 20/s, count: 60}]
EOF_YAML
}

@test "shards on their own do not judge losses, together they do" {
  local options
  start_broker
  write_varying
  options=(run varying.yaml --target "mqtt://127.0.0.1:$PORT"
    --start-at $(($(date +%s) + 4)) --progress none)
  start two mqtt-bench "${options[@]}" --shard 2/2 --json shard-2.json
  bench "${options[@]}" --shard 1/2 --json shard-1.json
  wait "$(job_pid two)" || true # not valid, perhaps: see bench
  rm "$BATS_TEST_TMPDIR/jobs/two.pid"
  has shard-1.json '.counts.lost == null'
  has shard-1.json '.losses_unknown | test("all shards")'
  assert "$output" =~ "lost unknown .only all shards together can tell"
  assert "$output" =~ "PASS  lost == 0 .to be judged by merge"
  bench merge shard-1.json shard-2.json --json merged.json \
    --require 'lost == 0'
  assert "$output" =~ "PASS  lost == 0 .lost is 0, wanted == 0"
  # Each to one subscriber, and the third of each client to the group.
  has merged.json '.merged and .counts.lost == 0 and .counts.expected == 66'
  # With one of them missing nobody knows.
  mqtt-bench merge shard-1.json --json half.json > half.out || true
  grep -q 'FAIL  lost == 0 (lost has no data: only all shards' half.out
  has half.json '.counts.lost == null and (.merged | not)'
}
