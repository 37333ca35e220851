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

# mosquitto itself hands a large message out at 40 kB/s over WebSocket.
@test "messages larger than any frame buffer, out and in" {
  start_ws_broker
  head -c 3000000 /dev/urandom > big
  start sub mqtt-sub -p "$PORT" -t big -C 1 -N
  wait_for 10 subscribed big
  run_tool mqtt-pub --url "wss://localhost:$WSS" --tls-ca "$CERTS/ca.crt" \
    -t big -f big -q 1
  finish sub
  cmp sub.out big
  head -c 150000 big > less
  start sub mqtt-sub --url "ws://127.0.0.1:$WS" -t less -C 1 -N
  wait_for 10 subscribed less
  run_tool mqtt-pub -p "$PORT" -t less -f less -q 1
  finish sub
  cmp sub.out less
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

# What is asked, as a server of openssl shows it.
@test "the request: path, headers, Origin, subprotocol, authentication" {
  local port
  port=$(free_port)
  mkfifo keys
  START_STDIN=keys start server openssl s_server -accept "127.0.0.1:$port" \
    -cert "$CERTS/server.crt" -key "$CERTS/server.key"
  exec 4> keys
  wait_for 10 grep -q ACCEPT server.out
  run_tool 4 mqtt-pub --url "wss://localhost:$port/in/to?q=1" \
    --tls-ca "$CERTS/ca.crt" --ws-header 'X-Key: 7' --ws-header 'X-Two: b' \
    --ws-origin https://page.example --ws-user joe --ws-password secret \
    --connect-timeout 2 -t a -m b
  assert "$stderr" =~ 'WebSocket'
  exec 4>&-
  tr -d '\r' < server.out > request
  for line in 'GET /in/to?q=1 HTTP/1.1' "Host: localhost:$port" \
    'Upgrade: websocket' 'Sec-WebSocket-Version: 13' \
    'Sec-WebSocket-Protocol: mqtt' 'Origin: https://page.example' \
    'Authorization: Basic am9lOnNlY3JldA==' 'X-Key: 7' 'X-Two: b'; do
    grep -qxF "$line" request || die "no '$line'"
  done
}

@test "what is refused to start with, or too long an answer" {
  http_answer 'HTTP/1.1 401 Unauthorized' 'WWW-Authenticate: Basic realm="x"'
  run_tool 8 mqtt-pub --url "ws://127.0.0.1:$PUPPET_PORT/x" -t a -m b
  assert "$stderr" =~ '401 Unauthorized'
  stop puppet || true
  http_answer 'HTTP/1.1 101 Switching Protocols' "X: $(printf 'x%.0s' {1..20000})"
  run_tool 6 mqtt-pub --url "ws://127.0.0.1:$PUPPET_PORT/x" -t a -m b
  assert "$stderr" =~ 'longer than 16384'
  stop puppet || true
  start_broker
  run_tool 4 mqtt-pub --url "ws://127.0.0.1:$PORT/x" -t a -m b
  assert "$(wc -l < tool.err)" -eq 1
}
