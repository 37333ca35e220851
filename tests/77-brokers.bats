#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# ejabberd, a broker of another family, over every transport that it has. Its
# ports and users are described in brokers/ejabberd.

load helper/helpers

# round_trip PORT OPTION...: a message goes out and comes back.
round_trip() {
  local port=$1
  shift
  set -- -h localhost -p "$port" -u alice -P alicepw -t a/x -q 1 "$@"
  start sub mqtt-sub "$@" -C 1 -W 20
  wait_for 20 publish_until_seen "$@"
  finish sub
  assert "$output" = hello
}

publish_until_seen() {
  mqtt-pub "$@" -m hello
  poll 1 has_ended sub
}

# It runs as a user of its own, who must get there.
setup() {
  basic_setup
  RUN=$(mktemp -d)
  chmod 755 "$RUN"
}

teardown() {
  basic_teardown
  rm -rf "$RUN"
}

@test "ejabberd: plain, TLS, WebSocket, both" {
  local base ca=(--tls-ca "$CERTS/ca.crt")
  base=$(free_port 5)
  start broker sh "$top_srcdir/tests/brokers/ejabberd/start.sh" "$RUN" \
    "$CERTS" "$base"
  wait_for 20 port_open "$((base + 3))"
  wait_for 20 sh "$top_srcdir/tests/brokers/ejabberd/users.sh" "$RUN"
  round_trip "$base"
  round_trip $((base + 1)) "${ca[@]}"
  round_trip $((base + 2)) --ws
  round_trip $((base + 3)) --ws "${ca[@]}"
  run_tool 5 mqtt-pub -h localhost -p $((base + 1)) -t a/x -m x -u alice \
    -P alicepw --tls-ca "$CERTS/other-ca.crt"
  assert "$stderr" =~ 'not among the trusted'
  run_tool 8 mqtt-pub -h localhost -p $((base + 1)) -t a/x -m x -u alice \
    -P wrong "${ca[@]}"
  run_tool mqtt-sub -h localhost -p $((base + 1)) "${ca[@]}" --tls-info
  assert "$output" =~ 'version      TLSv1\.[23]'
}
