# SPDX-License-Identifier: MIT
# mqtt-bench against the counting peer inside it: does it say what happened?
# More of that, to the message, is in tests/unit/test_bench_truth.c and
# test_bench_latency.c.  The verdict is only looked at where it cannot depend
# on what else this machine does.

load helper/helpers
load helper/peer

# 20 pairs that have 1,000 messages in a second.
pairs() { # [LINE...]
  cat << EOT
name: pairs
phases: {measure: 1s, drain: 2s}
groups:
  - {name: sub, clients: 20, subscribe: [{filter: a/%i, qos: 1}]}
  - name: pub
    clients: 20
    publish: [{topic: a/%i, qos: 1, size: 64, rate: 50/s}]
EOT
  printf '%s\n' "$@"
}

# bench CMD...: whatever the exit status, which is in $status.
bench() {
  local want
  status=0
  timeout --foreground -k 5 "$TOOL_TIMEOUT" mqtt-bench "$@" 3>&- \
    > tool.out 2> tool.err || status=$?
  read_output tool
  for want in 0 1 13; do
    [ "$status" -ne $want ] || return 0
  done
  check_status "mqtt-bench $*" 0 "$status"
}

shows() { # TEXT: somewhere in the output
  [[ $output == *"$1"* ]] || die "the output has no '$1'"
}

@test "the report says exactly what was injected, and that there was no broker" {
  pairs > pairs.yaml
  bench run pairs.yaml --json r.json \
    --target self:drop=50,duplicate=40,corrupt=125,refuse=100
  shows "pairs (against the peer in mqtt-bench itself: no broker)"
  shows "scheduled 1,000 = sent 1,000 + skipped 0 + backlog 0"
  shows "sent 1,000 = acked 990 + refused 10 + timed_out 0 + in_flight 0"
  shows "10 publishes refused: "
  # Of 990 deliveries every 50th is dropped, which takes some of each 40th
  # and 125th with it.
  shows "expected 990 = unique 971 + lost 19"
  shows "most lost   sub "
  shows "dropped 19, duplicated 20, corrupted 4, refused 10"
  assert "$(jq -c '.counts | [.lost, .duplicates, .corrupted, .refused]' \
    r.json)" = "[19,20,4,10]"
  assert "$(jq -r .self r.json)" = true
  # It was waited for what is missing, and that is what the last line is of.
  assert "$(jq -r '.course[-1].phase' r.json)" = drain
  assert "$(jq -c .counts.publish_reasons r.json)" = '{"0x97":10}'
}

@test "a target named self in a scenario is the same peer" {
  pairs "targets: [self]" > pairs.yaml
  bench run pairs.yaml --json -
  assert "$stderr" =~ "the peer in mqtt-bench itself: no broker"
  assert "$(jq -c '[.counts.sent, .counts.unique, .counts.lost]' tool.out)" \
    = "[1000,1000,0]"
}

@test "whatever is made of such a result says that there was no broker" {
  local said="(against the peer in mqtt-bench itself: no broker)" i
  pairs > pairs.yaml
  for i in 1 2; do
    bench run pairs.yaml --target self --shard $i/2 --run-id us \
      --json $i.json --ndjson $i.ndjson
    assert "$(jq -s 'all(.self)' $i.ndjson)" = true
  done
  bench merge 1.json 2.json --json all.json --html all.html --hgrm all
  assert "${output%%  2*}" = "pairs $said"
  assert "$(jq .self all.json)" = true
  grep -F "<title>pairs $said</title>" all.html
  grep -Fx "#[${said:1:-1}]" all.e2e.hgrm
  bench compare all.json all.json
  assert "${output%%$'\n'*}" = "Comparison $said"
  bench report all.json --title Mine
  assert "${output%%  2*}" = "Mine $said"
}

@test "what a refused filter would have brought is not lost, of many filters either" {
  start_puppet << 'END'
on conn 1 send suback 1 reasons=0x87,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,0x87,1,1,0x87
on send publish all drop
serve
END
  {
    echo 'name: many'
    echo 'connect: {rate: 100/s}'
    echo 'phases: {measure: 1s, drain: 2s}'
    echo 'groups:'
    echo '  - name: s'
    echo '    clients: 1'
    echo '    subscribe:'
    printf '      - {filter: a/%s, qos: 1}\n' {1..20}
    echo '  - name: p'
    echo '    clients: 20'
    echo '    publish: [{topic: a/%i, qos: 1, size: 64, rate: 10/s}]'
  } > t.yaml
  bench run t.yaml --target "mqtt://127.0.0.1:$PUPPET_PORT" \
    --broker-stats no --json r.json
  assert "$(jq -c '.counts | [.subscribes, .subscribed, .sub_refused]' r.json)" \
    = '[20,17,3]'
  # It gets nothing: of 17 that is a loss.
  assert "$(jq -c '.counts | [.sent, .expected, .lost]' r.json)" \
    = '[200,170,170]'
}

@test "what waits for the window and then for the connection is booked in parts" {
  start_puppet << 'END'
on conn 1 send puback 1 delay 300ms
on conn 1 recv publish 2 reset
serve
END
  cat > t.yaml << 'END'
name: parts
phases: {measure: 1500ms, drain: 5s}
groups:
  - name: p
    clients: 1
    mqtt: {window: 1}
    reconnect: 500ms
    publish: [{topic: a, qos: 1, size: 64, rate: 20/s}]
END
  bench run t.yaml --target "mqtt://127.0.0.1:$PUPPET_PORT" \
    --broker-stats no --json r.json
  assert "$(jq -c '.counts | [.sent, .acked, .reconnects]' r.json)" = '[30,30,1]'
  # The third message: 200 ms for the window, and then 500 ms.
  assert "$(jq '.timings."lag.window".max | . > 2e8 and . < 4e8' r.json)" = true
  assert "$(jq '.timings."lag.socket".max | . > 4e8 and . < 8e8' r.json)" = true
}

@test "what expires before it can be sent anew is refused, and the books balance" {
  start_puppet << 'END'
on conn 1 send puback 3+ drop
on conn 1 recv publish 6 reset
serve
END
  cat > t.yaml << 'END'
name: expired
phases: {measure: 4s, drain: 3s}
groups:
  - name: p
    clients: 1
    mqtt: {window: 4}
    reconnect: 2s
    publish: [{topic: a, qos: 1, size: 64, rate: 10/s, expiry: 1}]
END
  bench run t.yaml --target "mqtt://127.0.0.1:$PUPPET_PORT" \
    --broker-stats no --json r.json
  # The window is free again: what has waited meanwhile is sent.
  assert "$(jq -c '.counts | [.sent, .acked, .refused, .in_flight]' r.json)" \
    = '[40,36,4,0]'
  assert "$(jq .imbalances r.json)" = null
  shows '4 publishes refused: expired before it was sent anew (0x00)'
}

@test "losses are infinitely late: no percentile improves by them" {
  pairs > pairs.yaml
  bench run pairs.yaml --target self:drop=50 --require 'e2e.p99 < 1h' \
    --json r.json
  assert "$status" -ne 0
  shows "FAIL  e2e.p99 < 1h"
  # The table and the file say so, too.
  shows "  never: 20 never arrived (lost, not acknowledged, never sent) and count as later than all others; of those that came, e2e took "
  [[ $output =~ \ \ e2e\ +980\ .*\ never\ +-\ +-\ +never\ +publish\ to\ del ]]
  assert "$(jq -c '.timings.e2e | [.late, .p99, .max, (.max_came > 0)]' \
    r.json)" = '[20,"never","never",true]'
}

@test "a generator that was stopped gives an invalid result" {
  pairs > pairs.yaml
  start bench mqtt-bench run pairs.yaml --target self --duration 3
  wait_for 30 grep -q measure bench.err
  kill -STOP "$(job_pid bench)"
  sleep 1
  kill -CONT "$(job_pid bench)"
  finish bench 13
  shows "INVALID (generator-bound): this program's timer lag"
  assert "$stderr" =~ "mqtt-bench: the measurement is not valid: this program's timer lag p"
  # Invalid, but complete.
  shows "scheduled 3,000 = sent 3,000 + skipped 0 + backlog 0"
}

@test "a generator that only receives and was stopped gives one, too" {
  start_broker
  cat > listener.yaml << 'END'
name: listener
phases: {measure: 3s}
groups: [{name: sub, clients: 1, subscribe: [{filter: a}]}]
END
  start speaker mqtt-bench pub --target "mqtt://127.0.0.1:$PORT" -t a -q 0 \
    --rate 1000 --duration 60 --run-id us
  wait_for 30 grep -q measure speaker.err
  start bench mqtt-bench run listener.yaml \
    --target "mqtt://127.0.0.1:$PORT" --run-id us
  wait_for 30 grep -q measure bench.err
  kill -STOP "$(job_pid bench)"
  sleep 1
  kill -CONT "$(job_pid bench)"
  finish bench 13
  shows "INVALID (generator-bound): this program's timer lag"
}

@test "selftest tells the ceilings of this machine" {
  run_tool mqtt-bench selftest --duration 1 --json self.json
  shows "Self-test (against the peer in mqtt-bench itself: no broker)"
  for key in connects in_qos0 in_qos1 both_in both_out; do
    assert "$(jq ".$key > 100" self.json)" = true "$key"
  done
  assert "$(jq '.lag_idle | .p50 > 0 and .p50 <= .p90 and .p90 <= .p99' \
    self.json)" = true
  assert "$(jq '.lag.count' self.json)" -eq 1000
  assert "$(jq '.e2e | .p99 <= .max' self.json)" = true
  # p99.9 needs ten times as many.
  assert "$(jq '.e2e | has("p99.9")' self.json)" = false
  run_tool 2 mqtt-bench selftest --target mqtt://127.0.0.1
}

@test "faults that are none are told in one line" {
  run_tool 2 mqtt-bench conn --target self:drop
  assert "$stderr" = "mqtt-bench: target 'self': fault 'drop' has no '='"
  run_tool 2 mqtt-bench conn --target self:lose=3
  assert "$stderr" =~ "'lose' is not a fault: drop, duplicate"
  run_tool 2 mqtt-bench conn --target self --target mqtt://127.0.0.1
  assert "$stderr" = "mqtt-bench: target 'self' does not go with other targets"
}

# --- what else takes the processor ----------------------------------------------

# A cgroup of ours that may use a tenth of a processor: in $group. Where this
# machine lets nobody make one, its figures are put in the place of the real
# ones, in the mount namespace of the run.
limit_processor() {
  local dir
  for dir in /sys/fs/cgroup/cpu /sys/fs/cgroup/cpu,cpuacct /sys/fs/cgroup; do
    group=$dir/mqtt-bench-$$
    if [ ! -d "$dir" ] || ! mkdir "$group" 2> /dev/null; then
      continue
    fi
    [ "$dir" != /sys/fs/cgroup ] ||
      echo +cpu > "$dir/cgroup.subtree_control" || true
    if echo 10000 > "$group/cpu.cfs_quota_us" ||
      echo '10000 100000' > "$group/cpu.max"; then
      return 0
    fi 2> /dev/null
    rmdir "$group" 2> /dev/null || true
  done 2> /dev/null
  group=
}

# health SCRIPT: a run of three seconds, after a script that the shell of the
# run has carried out in a mount namespace of its own.
health() {
  pairs > pairs.yaml
  start bench unshare --mount sh -c "$1"'
    exec mqtt-bench run pairs.yaml --target self --duration 3 \
      --json r.json' sh
  wait_for 60 grep -q measure bench.err
}

fake_throttling() { # SECONDS
  mkdir -p cgroup
  printf 'usage_usec 1\nnr_throttled 3\nthrottled_usec %s000000\n' "$1" \
    > cgroup/cpu.stat
}

@test "a limit of the cgroup that held the run back is told" {
  local group
  limit_processor
  if [ -n "$group" ]; then
    # shellcheck disable=SC2016
    health "echo \$\$ > $group/cgroup.procs"'
      # Something else in the group needs the processor.
      (exec 3>&- > /dev/null 2>&1; timeout 4 sh -c "while :; do :; done") &'
  else
    fake_throttling 0
    health 'mount --bind cgroup /sys/fs/cgroup'
    fake_throttling 1
  fi
  wait "$(job_pid bench)" || true
  rm "$BATS_TEST_TMPDIR/jobs/bench.pid"
  [ -z "$group" ] || wait_for 20 rmdir "$group" 2> /dev/null
  grep "the cgroup's processor limit held this program back for" bench.out
  assert "$(jq '.health.throttled > 0.01' r.json)" = true
  assert "$(jq -r .verdict.trust r.json)" != VALID
}

@test "time that other virtual machines took is told" {
  # No test can take a real machine's processor away: only the kernel's
  # figure of it is made up.
  echo 'cpu  1 1 1 1 1 1 1 0 0 0' > stat
  health 'mount --bind stat /proc/stat'
  echo 'cpu  1 1 1 1 1 1 1 90000 0 0' > stat
  wait "$(job_pid bench)" || true
  rm "$BATS_TEST_TMPDIR/jobs/bench.pid"
  grep -E 'other virtual machines took [0-9.]+ % of the processors' bench.out
  assert "$(jq -r .verdict.trust r.json)" != VALID
}

@test "a load that the generator cannot make is its own fault" {
  bench pub --target self -c 4 -t a/%i -q 0 -s 16 --rate 20M/s --duration 1 \
    --warmup 0 --drain 1 --json r.json
  assert "$status" -eq 13
  shows "INVALID (generator-bound): "
  # Its threads say so, too, however busy they are.
  assert "$(jq '[.health.threads[].cpu] | max | . > 0.01 and . < 1.1' r.json)" = true
}
