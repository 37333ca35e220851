#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Brokers that refer to others (0x9c, 0x9d), and --follow-redirects.

load helper/helpers
load helper/peer

# refer CODE REFERENCE: a peer that refers whoever comes.
refer() {
  start_puppet << EOF
    loop 9
      accept
      expect connect
      send connack reason=$1 server-reference=$2
      close
    end
EOF
}

publish() {
  local want=$1
  shift
  run_tool "$want" mqtt-pub -V 5 -h 127.0.0.1 -p "$PUPPET_PORT" -t a -m b \
    -q 1 --no-reconnect "$@"
}

@test "not followed unless allowed; the other server is named" {
  start_broker
  refer 0x9c "127.0.0.1:$PORT"
  publish 14
  assert "$stderr" =~ "use another server \(0x9c\).*'127.0.0.1:$PORT'"
}

@test "followed when allowed, for now and for good, in list form" {
  start_broker
  refer 0x9c "127.0.0.1:$PORT"
  publish 0 --follow-redirects 1
  stop puppet || true
  refer 0x9d "127.0.0.1:$(free_port)\\x20localhost:$PORT"
  publish 0 --follow-redirects 1
  grep -q "'a'" broker.err
}

@test "a chain has an end" {
  refer 0x9c '127.0.0.1:%port%'
  publish 14 --follow-redirects 3
  assert "$stderr" =~ 'after 3 redirects'
  assert "$(puppet_count 'recv connect')" -eq 4
}

@test "never from TLS to plain" {
  refer 0x9c 'mqtts://127.0.0.1:1'
  publish 14 --follow-redirects 1
  assert "$stderr" =~ 'another transport'
  run_tool 2 mqtt-pub -t a -m b --follow-redirects 6
}

# start_front: haproxy on $FRONT, which speaks TLS for the puppet behind it.
start_front() {
  FRONT=$(free_port)
  cat > front.conf << CONF
defaults
  mode tcp
  timeout connect 10s
  timeout client 60s
  timeout server 60s
listen front
  bind 127.0.0.1:$FRONT ssl crt $CERTS/server-chain.pem
  server puppet 127.0.0.1:$PUPPET_PORT
CONF
  start front haproxy -db -f front.conf
  wait_for 10 port_open "$FRONT"
}

publish_by_tls() {
  run_tool "$1" mqtt-pub -V 5 -h localhost -p "$FRONT" -t a -m b -q 1 \
    --tls-ca "$CERTS/ca.crt" --no-reconnect --follow-redirects 1
}

@test "from TLS: to TLS only, and the other's certificate is verified" {
  local good
  good=$(free_port 2)
  start_broker "listener $good 127.0.0.1" 'allow_anonymous true' \
    "certfile $CERTS/server.crt" "keyfile $CERTS/server.key" \
    "listener $((good + 1)) 127.0.0.1" 'allow_anonymous true' \
    "certfile $CERTS/wronghost.crt" "keyfile $CERTS/wronghost.key"
  refer 0x9c "localhost:$good"
  start_front
  publish_by_tls 0
  stop puppet || true
  stop front || true
  refer 0x9c "localhost:$((good + 1))"
  start_front
  publish_by_tls 5
  assert "$stderr" =~ "'broker.example'"
  stop puppet || true
  stop front || true
  # The port would be a good one, but nothing may go there in the clear.
  refer 0x9c "mqtt://localhost:$PORT"
  start_front
  publish_by_tls 14
  assert "$stderr" =~ 'another transport'
}

@test "a live connection that is told to move" {
  start_broker
  start_puppet << EOF
    accept
    expect connect
    send connack
    expect subscribe
    send suback
    send disconnect reason=0x9c server-reference=127.0.0.1:$PORT
    close
EOF
  start sub mqtt-sub -V 5 -h 127.0.0.1 -p "$PUPPET_PORT" -t m/v -q 1 -C 1 \
    --follow-redirects 1 --reconnect-delay 0.1
  wait_for 10 subscribed m/v
  run_tool mqtt-pub -p "$PORT" -t m/v -m moved -q 1
  finish sub
  assert "$output" = moved
}
