#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Brokers of other families than mosquitto: aedes, ejabberd and RabbitMQ, over
# every transport and in every version that they have. Their ports, users and
# peculiarities are described in brokers/NAME/start.sh.

load helper/helpers

# They take seconds to start: once for the file, side by side.  ejabberd runs
# as a user of its own, who must get into its directory.
setup_file() {
  file_setup
  BROKERS_RUN=$(mktemp -d)
  BROKERS_BASE=$(free_port 24)
  export BROKERS_RUN BROKERS_BASE
  chmod 755 "$BROKERS_RUN"
  local name base=$BROKERS_BASE
  for name in aedes ejabberd rabbitmq; do
    start $name sh "$top_srcdir/tests/brokers/$name/start.sh" \
      "$BROKERS_RUN/$name" "$CERTS" "$base"
    base=$((base + 8))
  done
  wait_for 60 port_open $((BROKERS_BASE + 8))
  wait_for 60 sh "$top_srcdir/tests/brokers/ejabberd/users.sh" \
    "$BROKERS_RUN/ejabberd"
}

teardown_file() {
  file_teardown
  rm -rf "$BROKERS_RUN"
}

# use NAME: the rest of the test is with that one, once it is ready.  RabbitMQ
# listens before it knows its users.
use() {
  case $1 in
  aedes) BASE=$BROKERS_BASE ;;
  ejabberd) BASE=$((BROKERS_BASE + 8)) ;;
  rabbitmq) BASE=$((BROKERS_BASE + 16)) ;;
  esac
  wait_for 120 mqtt-pub -p "$BASE" -u alice -P alicepw -t a/ready -m x -q 1 \
    -W 5
}

# on TRANSPORT: $WHERE is how to get there; PLAIN, TLS, WS and WSS are the
# ports, counted from $BASE.
on() {
  case $1 in
  plain) WHERE=(-p $((BASE + PLAIN))) ;;
  tls) WHERE=(-p $((BASE + TLS)) --tls-ca "$CERTS/ca.crt") ;;
  ws) WHERE=(-p $((BASE + WS)) --ws --ws-path "$WS_PATH") ;;
  wss)
    WHERE=(-p $((BASE + WSS)) --ws --ws-path "$WS_PATH"
      --tls-ca "$CERTS/ca.crt")
    ;;
  esac
  WHERE+=(-h localhost -u alice)
}

# Of the three the first may have to be repeated: aedes confirms subscriptions
# before they hold.
publish_until_seen() { # OPTION...
  run_tool mqtt-pub "$@" && poll 1 [ -s sub.out ]
}

# exchange VERSION QOS...: a message of each quality goes out through $WHERE
# and comes back as the QOS that are told. $SAID is what was said of the last.
exchange() {
  local version=$1 topic=a/$RANDOM
  local how=("${WHERE[@]}" -P alicepw -V "$version")
  shift
  start sub mqtt-sub "${how[@]}" -q 2 -t "$topic/+" -F '%t %q %p'
  wait_for 30 publish_until_seen "${how[@]}" -t "$topic/0" -m 'hello 0'
  assert "$stderr" = ''
  run_tool mqtt-pub "${how[@]}" -t "$topic/1" -m 'hello 1' -q 1
  assert "$stderr" = ''
  run_tool mqtt-pub "${how[@]}" -t "$topic/2" -m 'hello 2' -q 2
  SAID=$stderr
  wait_for 30 grep -q "$topic/2" sub.out
  wait_for 30 grep -q "$topic/1" sub.out
  stop sub || true
  assert "$(sort -u sub.out)" = "$topic/0 $1 hello 0
$topic/1 $2 hello 1
$topic/2 $3 hello 2"
}

# refused STATUS REGEX OPTION...: a publish ends so, with one line.
refused() {
  local want=$1 text=$2
  shift 2
  run_tool "$want" mqtt-pub "${WHERE[@]}" -t a/x -m x -q 1 --no-reconnect "$@"
  assert "$stderr" =~ "$text"
  assert "$(wc -l < tool.err)" -eq 1
}

@test "aedes: MQTT 3.1 and 3.1.1 on every transport" {
  PLAIN=0 TLS=2 WS=4 WSS=5 WS_PATH=/
  use aedes
  for transport in plain tls ws wss; do
    on $transport
    exchange 31 0 1 2
    exchange 311 0 1 2
    refused 8 'bad user name or password' -P wrong
  done
}

@test "aedes: MQTT 5 is refused, the next version tried, unless told" {
  PLAIN=0
  use aedes
  on plain
  refused 8 'version' -P alicepw -V 5
  run_tool mqtt-pub "${WHERE[@]}" -P alicepw -t a/x -m x -q 2 -d
  assert "$stderr" =~ 'sent CONNECT v5.*sent CONNECT v4'
}

@test "aedes: who shows no certificate, or another's, is told so" {
  TLS=3
  use aedes
  on tls
  refused 5 'client certificate' -P alicepw
  # With TLS 1.3 node hangs up after the handshake, without an alert.
  run_tool mqtt-pub "${WHERE[@]}" -P alicepw -t a/x -m x -q 1 \
    --no-reconnect --cert "$CERTS/rogue.crt" --key "$CERTS/rogue.key" ||
    [[ $status = [57] ]]
  assert "$stderr" =~ 'our certificate'
  assert "$(wc -l < tool.err)" -eq 1
  run_tool mqtt-pub "${WHERE[@]}" -P alicepw -t a/x -m x -q 1 \
    --cert "$CERTS/client.crt" --key "$CERTS/client.key"
}

@test "aedes: a subscription that is denied" {
  PLAIN=1
  use aedes
  on plain
  run_tool 10 mqtt-sub "${WHERE[@]}" -P alicepw -t w/x -E
  assert "$stderr" =~ "'w/x'"
}

@test "ejabberd: MQTT 3.1.1 and 5 on every transport" {
  PLAIN=0 TLS=1 WS=2 WSS=3 WS_PATH=/mqtt
  use ejabberd
  for transport in plain tls ws wss; do
    on $transport
    exchange 311 0 1 2
    exchange 5 0 1 2
    refused 8 'not authorized' -P wrong
    refused 8 'not authorized' -P wrong -V 311
  done
}

@test "ejabberd: a publication and a subscription that are denied" {
  PLAIN=0
  use ejabberd
  on plain
  run_tool 9 mqtt-pub "${WHERE[@]}" -P alicepw -t r/x -m x -q 1
  run_tool 10 mqtt-sub "${WHERE[@]}" -P alicepw -t w/x -E
  assert "$stderr" =~ "'w/x'"
}

@test "RabbitMQ: on every transport, QoS 2 turned into 1" {
  PLAIN=0 TLS=1 WS=2 WSS=3 WS_PATH=/ws
  use rabbitmq
  for transport in plain tls ws wss; do
    on $transport
    exchange 31 0 1 1
    assert "$SAID" =~ 'QoS 1'
    exchange 311 0 1 1
    assert "$SAID" =~ 'QoS 1'
  done
  for transport in plain tls; do
    on $transport
    refused 8 'bad user name or password|not authorized' -P wrong
  done
  # Its WebSocket ends without a CONNACK, as of version 4 with one.
  on ws
  run_tool mqtt-pub "${WHERE[@]}" -t a/x -m x -q 1 --no-reconnect -P wrong ||
    [[ $status = [78] ]]
  assert "$stderr" =~ 'internal error \(1011\)|not authorized|bad user name'
}

@test "certificates are checked whatever the broker is" {
  local name port
  for name in aedes ejabberd rabbitmq; do
    use $name
    port=$((BASE + 1))
    [ $name != aedes ] || port=$((BASE + 2))
    WHERE=(-h localhost -p "$port" -u alice -P alicepw)
    refused 5 'not among the trusted' --tls-ca "$CERTS/other-ca.crt"
    run_tool mqtt-sub "${WHERE[@]}" --tls-ca "$CERTS/ca.crt" --tls-info
    assert "$output" =~ 'version      TLSv1\.[23]'
  done
}
