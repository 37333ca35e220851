# SPDX-License-Identifier: MIT
# mqtt-bench and the broker's side: what its process takes, and what it says
# under $SYS, on the time line of the run.

load helper/helpers

small() { # ARG...
  status=0
  timeout --foreground -k 5 "$TOOL_TIMEOUT" mqtt-bench pub --topic 'b/%i' \
    --clients 10 --rate 100/s --warmup 0s --duration 3s --progress none \
    --target "mqtt://127.0.0.1:$PORT" --json r.json --ndjson n.json "$@" \
    3>&- > tool.out 2> tool.err || status=$?
  [[ $status == 0 || $status == 13 ]] || {
    cat tool.out tool.err
    die "exit status $status"
  }
}

@test "the process of a local broker is found, and its \$SYS topics are read" {
  start_broker 'sys_interval 1'
  small --duration 8s # a busy machine may be late with some
  jq -e --argjson pid "$(job_pid broker)" '.broker.pid == $pid and
    (.broker.process | startswith("mosquitto")) and
    (.broker.version | startswith("mosquitto version")) and
    .broker.sys["$SYS/broker/version"] == .broker.version and
    .broker.clients == "11" and
    (.broker.course | length > 1 and ([.[].at] | . == sort))' r.json ||
    die "$(jq .broker r.json)"
  jq -e '[.course[] | select(.phase == "measure")] |
    all(.broker_cpu >= 0 and .broker_memory > 1000000)' r.json ||
    die "$(jq .course r.json)"
  grep -q '"broker_memory":[1-9]' n.json
  grep -q "^process  *mosquitto ($(job_pid broker))" tool.out
  grep -q '^version  *mosquitto version' tool.out
}

@test "a process can be named, and \$SYS be left alone" {
  start_broker 'sys_interval 1'
  small --broker-pid $$ --broker-stats no
  jq -e --argjson pid $$ '.broker.pid == $pid and (.broker.sys | not)' r.json ||
    die "$(jq .broker r.json)"
  run ! grep -q 'SYS' broker.err
}
