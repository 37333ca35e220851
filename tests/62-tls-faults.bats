#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# TLS and WebSocket over TLS that break at any byte: cut, reset or stalled in
# the handshake and in the data, and a server that wants new keys. Each ends
# by itself, in time, and says so.

load helper/helpers
load helper/peer

setup() {
  basic_setup
  TLS_PORT=$(free_port 2)
  WSS_PORT=$((TLS_PORT + 1))
  CA=(--tls-ca "$CERTS/ca.crt")
}

start_tls_broker() {
  start_broker "listener $TLS_PORT 127.0.0.1" 'allow_anonymous true' \
    "certfile $CERTS/server.crt" "keyfile $CERTS/server.key" \
    "listener $WSS_PORT 127.0.0.1" 'protocol websockets' \
    'socket_domain ipv4' 'allow_anonymous true' \
    "certfile $CERTS/server.crt" "keyfile $CERTS/server.key"
  wait_for 10 port_open "$WSS_PORT"
  head -c 60000 /dev/urandom > big
}

# breaks PORT RULE STATUSES REGEX [OPTION...]: what a publisher makes of it.
# $WITHIN is how long the handshake may take.
breaks() {
  local port=$1 rule=$2 want=$3 text=$4
  shift 4
  start_proxy "$port" "$rule"
  run_tool mqtt-pub -h localhost -p "$PROXY_PORT" "${CA[@]}" -f big -t a \
    -q 1 --connect-timeout "$WITHIN" --ack-timeout 1 -k 1 --no-reconnect -W 30 "$@" ||
    [ "$status" -ne 0 ]
  [[ " $want " = *" $status "* ]] || die "'$rule' ended with $status"
  assert "$stderr" =~ "$text" "$rule"
  stop proxy || true
}

# sweep PORT [OPTION...]: the first kilobyte each way is the handshake.
sweep() {
  local port=$1 at
  shift
  WITHIN=30
  for at in 0 1 5 40 120 400 600; do
    breaks "$port" "down after $at cut" '4 5 7' 'closed|ended|lost' "$@"
    breaks "$port" "down after $at reset" '4 5 7' 'reset|closed|ended' "$@"
  done
  for at in 1 5 60 200; do
    breaks "$port" "up after $at cut" '4 5 7' 'closed|ended|lost' "$@"
    breaks "$port" "up after $at reset" '4 5 7' 'reset|closed|ended' "$@"
  done
  WITHIN=1
  for at in 0 3 300; do
    breaks "$port" "down after $at stall both" '5' \
      'the TLS handshake did not finish within 1 s' "$@"
  done
  breaks "$port" "up after 60 stall both" '5' \
    'the TLS handshake did not finish within 1 s' "$@"
  WITHIN=30
  # In the first record of the data, at its end, and further on.
  for at in 2000 16500 33000 50000; do
    breaks "$port" "up after $at cut" '7 11' 'not confirmed|lost' "$@"
    breaks "$port" "up after $at reset" '7 11' 'not confirmed|lost' "$@"
  done
  breaks "$port" "up after 20000 stall both" '7 11' 'not confirmed|no answer' \
    "$@"
}

@test "TLS: cut, reset or stalled at any byte" {
  start_tls_broker
  sweep "$TLS_PORT"
}

@test "WebSocket over TLS: cut, reset or stalled at any byte" {
  start_tls_broker
  sweep "$WSS_PORT" --ws
}

# A subscriber has nothing to send: only the pings tell it.
@test "a subscriber whose broker goes away in silence, or in mid-record" {
  start_tls_broker
  for port in "$TLS_PORT" "$WSS_PORT"; do
    how_to=()
    [ "$port" = "$TLS_PORT" ] || how_to=(--ws)
    for how in stall cut reset; do
      start_proxy "$port"
      : > broker.err
      start sub mqtt-sub -h localhost -p "$PROXY_PORT" "${CA[@]}" -t a/b -k 1 \
        -q 1 --no-reconnect --ack-timeout 2 \
        "${how_to[@]}"
      wait_for 10 subscribed a/b
      proxy_do "down after 20000 $how both"
      mqtt-pub -p "$PORT" -t a/b -f big -q 1
      finish sub 7
      assert "$stderr" =~ 'lost|no answer' "$how"
      assert "$output" = ''
      stop proxy || true
    done
  done
}

# start_server OPTION...: openssl's server; what is written to the descriptor
# 4 is sent to the client, but for the commands of s_server(1).
start_server() {
  mkfifo keys
  START_STDIN=keys start server openssl s_server -accept \
    "127.0.0.1:$TLS_PORT" -cert "$CERTS/server.crt" \
    -key "$CERTS/server.key" "$@"
  exec 4> keys
  wait_for 10 grep -q ACCEPT server.out
}

# A subscriber with MQTT 3.1.1, which needs few bytes: CONNACK and SUBACK.
subscribe_there() {
  start sub mqtt-sub -h localhost -p "$TLS_PORT" "${CA[@]}" -V 311 -t a \
    --no-reconnect -k 2 --ack-timeout 3 -d
  wait_for 10 grep -q 'sent CONNECT' sub.err
  printf ' \2\0\0' >&4
  wait_for 10 grep -q 'sent SUBSCRIBE' sub.err
  printf '\220\3\0\1\0' >&4
  wait_for 10 grep -q 'received SUBACK' sub.err
}

# We do not renegotiate: it would be another handshake, under the first one's
# verdict.  openssl's server ends the connection then.
@test "a server that wants another handshake (TLS 1.2): a clear end" {
  start_server -tls1_2
  subscribe_there
  printf 'R\n' >&4
  finish sub 7
  assert "$(tail -n 1 <<< "$stderr")" =~ 'lost: '
  exec 4>&-
}

# mbedTLS 3.6 has no KeyUpdate.
@test "a server that changes its keys (TLS 1.3): a clear end" {
  start_server
  subscribe_there
  if grep -q 'TLSv1.3' server.out; then
    printf 'k\n' >&4
    finish sub 7
    assert "$stderr" =~ 'wanted to change the TLS keys'
  else
    printf 'r\n' >&4
    finish sub 7
    assert "$(tail -n 1 <<< "$stderr")" =~ 'lost: '
  fi
  exec 4>&-
}
