#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Servers found by DNS SRV records, from a real name server (dnsmasq), and the
# PROXY header, read by a real balancer (haproxy).

load helper/helpers

setup() {
  basic_setup
  unset ALL_PROXY all_proxy
}

# start_dns LINE...: a name server with those lines, which the programs that
# go through with_dns ask: port 53 cannot be told otherwise. Needs root.
start_dns() {
  DNS=127.53.$((RANDOM % 250 + 1)).$((RANDOM % 250 + 1))
  printf '%s\n' no-resolv no-hosts bind-interfaces user=root log-queries \
    "listen-address=$DNS" "$@" > dns.conf
  printf 'nameserver %s\noptions timeout:1 attempts:2\n' "$DNS" > resolv.conf
  start dns dnsmasq --keep-in-foreground --log-facility=- -C dns.conf
  wait_for 10 grep -q 'started' dns.err
}

with_dns() { # [STATUS] CMD...
  local want=0
  if [[ $1 =~ ^[0-9]+$ ]]; then
    want=$1
    shift
  fi
  run_tool "$want" unshare -m sh -c \
    'mount --bind resolv.conf /etc/resolv.conf && exec "$@"' - "$@"
}

publish() { # STATUS OPTION...
  local want=$1
  shift
  with_dns "$want" mqtt-pub -S -h broker.example -t a -m b -q 1 "$@"
}

need_root() {
  [ "$(id -u)" = 0 ] || skip 'needs root: a name server has port 53'
}

@test "SRV: the servers of a domain, by priority" {
  need_root
  start_broker
  start_dns address=/one.test/127.0.0.1 address=/two.test/127.0.0.1 \
    "srv-host=_mqtt._tcp.broker.example,two.test,$PORT,20,0" \
    "srv-host=_mqtt._tcp.broker.example,one.test,$(free_port),10,0"
  publish 0
  grep -q 'query\[SRV\] _mqtt._tcp.broker.example' dns.err
  assert "$stderr" = ''
}

@test "SRV: mqtt-bench tells the look-ups from the connects" {
  need_root
  start_broker
  start_dns address=/one.test/127.0.0.1 \
    "srv-host=_mqtt._tcp.broker.example,one.test,$PORT"
  with_dns mqtt-bench conn --srv -h broker.example -c 5 --duration 0.1 --json r.json
  assert "$(jq '.counts.connected' r.json)" -eq 5
  assert "$(jq '.timings["conn.dns"].count' r.json)" -eq 5
}

@test "SRV: TLS verifies the name that was typed, not the one it led to" {
  need_root
  TLS_PORT=$(free_port 2)
  start_broker "listener $TLS_PORT 127.0.0.1" 'allow_anonymous true' \
    "certfile $CERTS/wronghost.crt" "keyfile $CERTS/wronghost.key" \
    "listener $((TLS_PORT + 1)) 127.0.0.1" 'allow_anonymous true' \
    "certfile $CERTS/server.crt" "keyfile $CERTS/server.key"
  start_dns address=/node.test/127.0.0.1 \
    "srv-host=_secure-mqtt._tcp.broker.example,node.test,$TLS_PORT" \
    "srv-host=_secure-mqtt._tcp.evil.example,localhost,$((TLS_PORT + 1))"
  # The certificate is for broker.example, and nothing says node.test.
  publish 0 --tls-ca "$CERTS/ca.crt"
  grep -q 'query\[SRV\] _secure-mqtt._tcp.broker.example' dns.err
  # This one is for localhost, where the record leads.
  publish 5 --tls-ca "$CERTS/ca.crt" -h evil.example
  assert "$stderr" =~ "'localhost'"
  assert "$stderr" =~ "evil.example"
}

@test "SRV: no record, and no name server that answers" {
  need_root
  start_dns
  publish 3
  assert "$stderr" =~ '_mqtt._tcp.broker.example'
  assert "$(wc -l < tool.err)" -eq 1
  stop dns || true
  publish 3
  assert "$(wc -l < tool.err)" -eq 1
}

# start_balancer: haproxy on $BALANCER to a mosquitto's plain port, on
# $BALANCER_TLS to its TLS port; its log has each client's address.
start_balancer() {
  TLS_PORT=$(free_port)
  start_broker "listener $TLS_PORT 127.0.0.1" 'allow_anonymous true' \
    "certfile $CERTS/server.crt" "keyfile $CERTS/server.key"
  BALANCER=$(free_port 2)
  BALANCER_TLS=$((BALANCER + 1))
  cat > balancer.conf << CONF
global
  log stdout format raw local0
defaults
  mode tcp
  log global
  log-format "client=%ci:%cp at=%fi:%fp"
  timeout connect 10s
  timeout client 60s
  timeout server 60s
listen plain
  bind 127.0.0.1:$BALANCER accept-proxy
  server broker 127.0.0.1:$PORT
listen tls
  bind 127.0.0.1:$BALANCER_TLS accept-proxy
  server broker 127.0.0.1:$TLS_PORT
CONF
  start balancer haproxy -db -f balancer.conf
  wait_for 10 port_open "$BALANCER_TLS"
}

through() { # STATUS PORT OPTION...
  local want=$1 port=$2
  shift 2
  : > balancer.out
  run_tool "$want" mqtt-pub -h localhost -4 -p "$port" -t a -m b -q 1 \
    --no-reconnect "$@"
}

@test "the PROXY header: a balancer learns who the client is" {
  start_balancer
  for version in v1 v2; do
    through 0 "$BALANCER" --proxy-protocol $version
    wait_for 10 grep -q "client=127.0.0.1:[0-9]* at=127.0.0.1:$BALANCER" \
      balancer.out
    through 0 "$BALANCER" --proxy-protocol $version \
      --proxy-protocol-source 192.0.2.7:4321 \
      --proxy-protocol-destination 198.51.100.1:1883
    wait_for 10 grep -q 'client=192.0.2.7:4321 at=198.51.100.1:1883' \
      balancer.out
    through 0 "$BALANCER_TLS" --proxy-protocol $version \
      --tls-ca "$CERTS/ca.crt" --proxy-protocol-source '[2001:db8::7]:99' \
      --proxy-protocol-destination '[2001:db8::1]:8883'
    wait_for 10 grep -q 'client=2001:db8::7:99 at=2001:db8::1:8883' \
      balancer.out
  done
}

@test "the PROXY header: missing where it is wanted, sent where it is not" {
  start_balancer
  through 7 "$BALANCER"
  assert "$(wc -l < tool.err)" -eq 1
  through 7 "$PORT" --proxy-protocol v1
  assert "$(wc -l < tool.err)" -eq 1
  run_tool 2 mqtt-pub -t a -m b --proxy-protocol v3
}

# A name server that is slow has all of them ask for the proxy at once, and so
# many threads there are not.
@test "mqtt-bench tells why a name is not found, not that many ask for it" {
  need_root
  start_dns local=/none.test/
  start mute socat -dd -u "UDP4-RECV:53,bind=127.53.0.1" /dev/null
  wait_for 10 grep -q 'transfer loop' mute.err
  sed -i '1i nameserver 127.53.0.1' resolv.conf
  with_dns 3 mqtt-bench conn --target mqtt://127.0.0.1:1 -c 200 \
    -R 0 --proxy socks5://none.test:1080 --progress none
  assert "$stderr" =~ "cannot resolve 'none.test': no such name"
}
