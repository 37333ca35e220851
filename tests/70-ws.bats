#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# WebSocket, plain and over TLS, against a real mosquitto, and what servers
# answer that are none.

load helper/helpers
load helper/peer

setup() {
  basic_setup
}

start_ws_broker() {
  WS=$(free_port 2)
  WSS=$((WS + 1))
  start_broker "listener $WS 127.0.0.1" 'protocol websockets' \
    'socket_domain ipv4' 'allow_anonymous true' \
    "listener $WSS 127.0.0.1" 'protocol websockets' 'socket_domain ipv4' \
    'allow_anonymous true' "certfile $CERTS/server.crt" \
    "keyfile $CERTS/server.key"
  wait_for 10 port_open "$WSS"
}

@test "publish and subscribe through ws and wss" {
  start_ws_broker
  seq 5000 > in
  for url in "ws://localhost:$WS/mqtt" "wss://localhost:$WSS/mqtt"; do
    ca=()
    [[ $url != wss:* ]] || ca=(--tls-ca "$CERTS/ca.crt")
    for q in 0 1 2; do
      start sub mqtt-sub --url "$url" "${ca[@]}" -t "r/$q" -q "$q" -C 5000
      wait_for 10 subscribed "r/$q"
      run_tool mqtt-pub --url "$url" "${ca[@]}" -t "r/$q" -q "$q" -l < in
      finish sub
      assert_files_equal sub.out in
      : > broker.err
    done
  done
}

@test "a message larger than any frame buffer" {
  start_ws_broker
  head -c 3000000 /dev/urandom > big
  start sub mqtt-sub --url "ws://127.0.0.1:$WS" -t big -C 1 -N
  wait_for 10 subscribed big
  run_tool mqtt-pub --url "wss://localhost:$WSS" --tls-ca "$CERTS/ca.crt" \
    -t big -f big -q 1
  finish sub
  cmp sub.out big
}

@test "wss verifies the certificate" {
  start_ws_broker
  run_tool 5 mqtt-pub --url "wss://localhost:$WSS" \
    --tls-ca "$CERTS/other-ca.crt" -t a -m b
  assert "$stderr" =~ 'not among the trusted'
}

# http_answer STATUS-LINE [HEADER]: a server that answers that to anything.
http_answer() {
  local hex
  hex=$(printf '%s\r\n' "$@" '' | od -An -v -tx1 | sed 's/^/send hex/')
  start_puppet << EOF
    accept
    cork
$hex
    uncork
    close
EOF
}

@test "an HTTP answer that is none of WebSocket is quoted" {
  http_answer 'HTTP/1.1 404 Not Found' 'Content-Length: 0'
  run_tool 4 mqtt-pub --url "ws://127.0.0.1:$PUPPET_PORT/x" -t a -m b
  assert "$stderr" =~ '404 Not Found'
  stop puppet || true
  http_answer 'HTTP/1.1 302 Found' 'Location: https://else.example/mqtt' \
    'Content-Length: 0'
  run_tool 4 mqtt-pub --url "ws://127.0.0.1:$PUPPET_PORT/x" -t a -m b
  assert "$stderr" =~ 'https://else.example/mqtt'
}
