# SPDX-License-Identifier: MIT
# How mqtt-bench reaches a broker and stays there: transports, proxies,
# versions and levels, keepalive, sessions, shared subscriptions. What is
# looked at are counts; see 90-bench.bats.

load helper/helpers
load helper/peer

setup() {
  basic_setup
  unset ALL_PROXY HTTP_PROXY HTTPS_PROXY NO_PROXY
  unset all_proxy http_proxy https_proxy no_proxy
}

# bench ARGUMENT...: a run to result.json; short, and quiet about the broker.
bench() {
  status=0
  mqtt-bench "$@" --json result.json --progress none --drain 20 > tool.out \
    2> tool.err || status=$?
  cat tool.out tool.err
  [[ $status = 0 || $status = 13 ]] || die "exit status $status"
  assert "$(field '[.partial, .imbalances] | map(select(.)) | length')" -eq 0
}

field() {
  jq -r "$1" result.json
}

# reach TARGET OPTION...: five clients publish 50 messages by QoS 1 and hear
# them all, and every client of the run went that way.
reach() {
  cat > reach.yaml << 'END_OF_SCENARIO'
name: reach
phases: {measure: 500ms}
groups:
  - name: all
    clients: 5
    subscribe: [{filter: r/%i, qos: 1}]
    publish: [{topic: r/%i, qos: 1, rate: 20/s}]
END_OF_SCENARIO
  bench run reach.yaml --target "$@"
  assert "$(field '[.counts | .connected, .acked, .unique] | join(" ")')" = \
    '5 50 50'
}

# --- transports ----------------------------------------------------------------

@test "TLS with client certificates, wss, a pre-shared key, IPv6" {
  local tls ws psk six
  tls=$(free_port)
  ws=$(free_port)
  psk=$(free_port)
  six=$(free_port)
  printf 'dev:0123456789abcdef\n' > keys
  start_broker 'per_listener_settings true' "listener $tls 127.0.0.1" \
    'require_certificate true' 'use_identity_as_username true' \
    "cafile $CERTS/ca.crt" "certfile $CERTS/server.crt" \
    "keyfile $CERTS/server.key" \
    "listener $ws 127.0.0.1" 'protocol websockets' 'socket_domain ipv4' \
    'allow_anonymous true' "certfile $CERTS/server.crt" \
    "keyfile $CERTS/server.key" \
    "listener $psk 127.0.0.1" 'allow_anonymous true' 'psk_hint x' \
    "psk_file $PWD/keys" 'use_identity_as_username true' \
    "listener $six ::1" 'allow_anonymous true'
  reach "mqtts://localhost:$tls" --tls-ca "$CERTS/ca.crt" \
    --tls-cert "$CERTS/client.crt" --tls-key "$CERTS/client.key"
  assert "$(field '.timings["conn.tls"].count')" -eq 5
  assert "$(grep -c "as bench-all-.*u'" broker.err)" -eq 5
  run_tool 5 mqtt-bench conn --target "mqtts://localhost:$tls" \
    --tls-ca "$CERTS/ca.crt" -c 2
  reach "wss://localhost:$ws/mqtt" --tls-ca "$CERTS/ca.crt"
  assert "$(field '.timings | .["conn.tls"].count, .["conn.ws"].count')" = \
    $'5\n5'
  reach "mqtt://localhost:$psk" --tls-psk 0123456789abcdef \
    --tls-psk-identity dev -R 20
  assert "$(grep -c "as bench-all-.*u'dev'" broker.err)" -eq 5
  reach "mqtt://[::1]:$six"
  assert "$(grep -c 'from ::1:[0-9]* as bench-all' broker.err)" -eq 5
}

@test "the letters of other generators for TLS" {
  local tls
  tls=$(free_port)
  start_broker "listener $tls 127.0.0.1" 'allow_anonymous true' \
    "certfile $CERTS/server.crt" "keyfile $CERTS/server.key"
  bench conn -h localhost -p "$tls" -S --cafile "$CERTS/ca.crt" -c 3 -V 4 \
    --duration 0.1
  assert "$(field '.timings["conn.tls"].count')" -eq 3
}

@test "through proxies: SOCKS5 and HTTP, names resolved here or there" {
  local socks http
  start_broker
  socks=$(free_port)
  start socks microsocks -i 127.0.0.1 -p "$socks" -u joe -P secret
  http=$(free_port)
  printf '%s\n' "Port $http" 'Listen 127.0.0.1' 'Timeout 60' \
    'MaxClients 50' 'LogLevel Connect' "ConnectPort $PORT" > tiny.conf
  start http tinyproxy -d -c tiny.conf
  wait_for 10 port_open "$http"
  wait_for 10 port_open "$socks"
  reach "mqtt://127.0.0.1:$PORT" --proxy "socks5://joe:secret@127.0.0.1:$socks"
  assert "$(grep -c 'connected to' socks.err)" -ge 5
  assert "$(field '.timings["conn.proxy"].count')" -eq 5
  # A name that only the other side looks up, which has one address.
  reach "mqtt://127.1:$PORT" --proxy "socks5h://joe:secret@127.0.0.1:$socks"
  assert "$(grep -c 'connected to' socks.err)" -ge 10
  reach "mqtt://127.0.0.1:$PORT" --proxy "http://127.0.0.1:$http"
  assert "$(cat http.out http.err | grep -c 'CONNECT 127.0.0.1')" -ge 5
  run_tool 4 mqtt-bench conn --target "mqtt://127.0.0.1:$PORT" -c 2 \
    --proxy "socks5://joe:wrong@127.0.0.1:$socks"
  assert "$stderr" =~ 'password|refused'
  assert "$stderr" !~ 'wrong'
  # Who answers for a name behind a proxy is not known here.
  run_tool 2 mqtt-bench conn --target mqtt://broker.example -c 101 \
    --proxy "socks5h://127.0.0.1:$socks"
  assert "$stderr" =~ "'broker.example:1883' is in no private network"
}

@test "the PROXY header goes before each connection" {
  local balancer
  start_broker
  balancer=$(free_port)
  cat > balancer.conf << CONF
defaults
  mode tcp
  log stdout format raw local0
  log-format "client=%ci at=%fi:%fp"
  timeout connect 10s
  timeout client 60s
  timeout server 60s
listen plain
  bind 127.0.0.1:$balancer accept-proxy
  server broker 127.0.0.1:$PORT
CONF
  start balancer haproxy -db -f balancer.conf
  wait_for 10 port_open "$balancer"
  reach "mqtt://127.0.0.1:$balancer" --proxy-protocol v2 \
    --proxy-protocol-source 192.0.2.7:4321 \
    --proxy-protocol-destination 198.51.100.1:1883
  wait_for 10 eval \
    '[ $(grep -c "client=192.0.2.7 at=198.51.100.1:1883" balancer.out) -ge 5 ]'
}

# --- the protocol --------------------------------------------------------------

@test "every version with every quality of service, open and closed" {
  local version qos
  start_broker
  for version in 31 311 5; do
    for qos in 0 1 2; do
      cat > "all-$version-$qos.yaml" << END
name: all
mqtt: {version: $(sed 's/^31$/3.1/; s/311/3.1.1/' <<< $version)}
phases: {measure: 300ms, drain: 20s}
require: [lost == 0, duplicates == 0, corrupted == 0, unique == 120]
groups:
  - {name: sub, clients: 1, subscribe: [{filter: '$version$qos/#', qos: $qos}]}
  - name: pub
    clients: 2
    publish:
      - {topic: $version$qos/%i/a, qos: $qos, rate: 100/s}
      - {topic: $version$qos/%i/b, qos: $qos, count: 60}
END
      bench run "all-$version-$qos.yaml" --target "mqtt://127.0.0.1:$PORT"
      assert "$(field '[.requirements[].holds] | all')" = true
      assert "$(field '.counts.acked')" -eq $((qos ? 120 : 0))
      assert "$(grep -c "Received PUBLISH .*(d0, q$qos, r0, m[0-9]*, '$version$qos/" \
        broker.err)" -eq 120
    done
  done
  assert "$(grep -c 'as bench-pub-1 (p[125], c1, k60)' broker.err)" -eq 9
}

@test "keepalive is sent on every idle connection" {
  start_puppet << 'END'
serve
END
  bench conn --target "mqtt://127.0.0.1:$PUPPET_PORT" -c 20 -k 2 \
    --duration 5 --broker-stats no
  # Within every keepalive of 2 s at least one, for all of the 5 s. (For
  # ping.rtt there is one a second and thread besides.)
  local n
  for ((n = 1; n <= 20; n++)); do
    assert "$(puppet_count "^$n recv pingreq")" -ge 2 "connection $n"
  done
  assert "$(field '.counts.disconnects')" -eq 0
}

@test "a broker that no longer answers pings is noticed" {
  start_puppet << 'END'
on recv pingreq all ignore
serve
END
  bench conn --target "mqtt://127.0.0.1:$PUPPET_PORT" -c 3 -k 1 \
    --duration 5 --broker-stats no
  assert "$(field '.counts.disconnects')" -ge 3
  assert "$(field '.counts.reconnects')" -ge 3
}

@test "persistent sessions keep messages; a shared subscription splits them" {
  start_broker
  cat > kept.yaml << 'END'
name: kept
phases: {measure: 3s, drain: 20s}
require: [lost == 0, duplicates == 0]
groups:
  - name: away
    clients: 3
    mqtt: {version: 5, clean: no, session-expiry: 1m}
    subscribe: [{filter: 'k/#', qos: 1}]
    churn: {every: 1s, after: 500ms, times: 1, down: 1s}
  - {name: team, clients: 4, subscribe: [{filter: '$share/t/k/#', qos: 1}]}
  - {name: pub, clients: 2, publish: [{topic: k/%i, qos: 1, rate: 50/s}]}
END
  bench run kept.yaml --target "mqtt://127.0.0.1:$PORT"
  assert "$(field '[.requirements[].holds] | all')" = true
  assert "$(field '.counts | .reconnects, .sent, .unique')" = $'3\n300\n1200'
  # What waited a second for its reader is that late.
  assert "$(field '.timings.e2e.max > 9e8')" = true
  # All members of the team had some of it.
  local n
  for n in 1 2 3 4; do
    assert "$(grep -c "Sending PUBLISH to bench-team-$n " broker.err)" -ge 10
  done
}

@test "two groups in one share group, with levels of their own, are one receiver" {
  start_broker
  cat > mixed.yaml << 'END'
name: mixed
phases: {measure: 2s, drain: 20s}
groups:
  - {name: zero, clients: 2, subscribe: [{filter: '$share/t/k/#', qos: 0}]}
  - {name: one, clients: 2, subscribe: [{filter: '$share/t/k/#', qos: 1}]}
  - {name: pub, clients: 2, publish: [{topic: k/%i, qos: 1, rate: 50/s}]}
END
  bench run mixed.yaml --target "mqtt://127.0.0.1:$PORT"
  assert "$(field '.counts | [.sent, .unique, .lost] | @tsv')" \
    = $'200\t200\t0'
  # Topics that vary are counted by what each shard is meant to get.
  sed -i "s|k/%i|'k/%{n%3}'|" mixed.yaml
  for n in 1 2; do
    start "shard$n" mqtt-bench run mixed.yaml --shard "$n/2" --run-id us \
      --target "mqtt://127.0.0.1:$PORT" --start-at $(($(date +%s) + 3)) \
      --progress none --broker-stats no --json "$n.json"
  done
  for n in 1 2; do
    finish "shard$n" || assert "$status" -eq 13
  done
  mqtt-bench merge 1.json 2.json --json result.json || assert $? -eq 13
  assert "$(field '.counts | [.sent, .unique, .lost] | @tsv')" \
    = $'200\t200\t0'
}

# Each share name with each filter is a receiver of its own, whoever of a group
# is in it.
@test "members of a group may be in different share groups" {
  local client
  start_broker
  cat > apart.yaml << 'END'
name: apart
phases: {measure: 1s, drain: 20s}
groups:
  - {name: name, clients: 3, subscribe: [{filter: '$share/g%i/a/#', qos: 1}]}
  - {name: topic, clients: 4, subscribe: [{filter: '$share/g/a/%i', qos: 1}]}
  - {name: pub, clients: 4, publish: [{topic: a/%i, qos: 1, rate: 25/s}]}
END
  bench run apart.yaml --target "mqtt://127.0.0.1:$PORT" --threads 4
  # Three share names get all, and one member each topic.
  assert "$(field '.counts | [.sent, .expected, .unique, .lost, .duplicates] |
    @tsv')" = $'100\t400\t400\t0\t0'
  assert "$(field '[.shares[].filter] | length')" -eq 7
  for client in name-{1,2,3}:100 topic-{1,2,3,4}:25; do
    assert "$(grep -c "Sending PUBLISH to bench-${client%:*} " broker.err)" \
      -eq "${client#*:}"
  done
  # Where several groups meet in one.
  sed -i '/name: pub/i\
  - {name: two, clients: 2, subscribe: [{filter: $share/g/a/2, qos: 1}]}\
  - {name: three, clients: 2, subscribe: [{filter: $share/g/a/3, qos: 1}]}\
  - {name: four, clients: 2, subscribe: [{filter: $share/g/a/4, qos: 1}]}\
  - {name: some, clients: 2, subscribe: [{filter: $share/g%i/a/#, qos: 1}]}
    ' apart.yaml
  bench run apart.yaml --target "mqtt://127.0.0.1:$PORT" --threads 4
  assert "$(field '.counts | [.sent, .expected, .unique, .lost, .duplicates] |
    @tsv')" = $'100\t400\t400\t0\t0'
  assert "$(field '[.shares[] | [.filter, .members]] | sort | tojson')" = \
    '[["$share/g/a/1",1],["$share/g/a/2",3],["$share/g/a/3",3],'\
'["$share/g/a/4",3],["$share/g1/a/#",2],["$share/g2/a/#",2],["$share/g3/a/#",1]]'
}

@test "so may they in shards, where every topic differs, too" {
  local n topic
  start_broker
  cat > apart.yaml << 'END'
name: apart
phases: {measure: 2s, drain: 20s}
groups:
  - {name: name, clients: 3, subscribe: [{filter: '$share/g%i/a/#', qos: 1}]}
  - {name: topic, clients: 4, subscribe: [{filter: '$share/g/a/%i/#', qos: 1}]}
  - {name: two, clients: 2, subscribe: [{filter: '$share/g/a/2/#', qos: 1}]}
  - {name: three, clients: 2, subscribe: [{filter: '$share/g/a/3/#', qos: 1}]}
  - {name: pub, clients: 4, publish: [{topic: 'TOPIC', qos: 1, rate: 25/s}]}
END
  for topic in a/%i/x 'a/%i/%n'; do
    sed "s|TOPIC|$topic|" apart.yaml > now.yaml
    for n in 1 2; do
      start "shard$n" mqtt-bench run now.yaml --shard "$n/2" --run-id us \
        --target "mqtt://127.0.0.1:$PORT" --start-at $(($(date +%s) + 3)) \
        --progress none --broker-stats no --json "$n.json" --threads 2
    done
    for n in 1 2; do
      finish "shard$n" || assert "$status" -eq 13
    done
    mqtt-bench merge 1.json 2.json --json result.json || assert $? -eq 13
    assert "$(field '.counts | [.sent, .expected, .unique, .lost] | @tsv')" \
      = $'200\t800\t800\t0' "$topic"
  done
}

@test "who was lost before anything was sent is owed everything once back" {
  start_puppet << 'END'
on conn 2 send publish all drop
accept
auto
await subscribe
delay 200ms
reset
serve
END
  cat > blip.yaml << 'END'
name: blip
connect: {rate: 1/s}
phases: {measure: 2s, drain: 1s}
groups:
  - {name: s, clients: 1, reconnect: 100ms, subscribe: [{filter: a, qos: 1}]}
  - {name: p, clients: 1, publish: [{topic: a, qos: 1, rate: 50/s}]}
END
  bench run blip.yaml --target "mqtt://127.0.0.1:$PUPPET_PORT"
  assert "$(field '.counts | [.reconnects, .sent, .unique, .lost] | @tsv')" \
    = $'1\t100\t0\t100'
}

# --- when they come, and when messages go ---------------------------------------

@test "with No Local nobody is expected to hear himself, but by other filters" {
  start_broker
  cat > local.yaml << END
name: local
phases: {measure: 500ms, drain: 10s}
groups:
  - name: deaf
    clients: 2
    subscribe: [{filter: 'd/1', qos: 1}, {filter: 'd/#', qos: 1, no-local: yes}]
    publish: [{topic: 'd/2', qos: 1, rate: 40/s}]
  - name: hearing
    clients: 2
    subscribe: [{filter: 'x/#', qos: 1, no-local: yes}, {filter: 'h/#', qos: 1}]
    publish: [{topic: 'h/%i', qos: 1, rate: 40/s}]
END
  bench run local.yaml --target "mqtt://127.0.0.1:$PORT"
  assert "$(field .imbalances)" = null
  # As [clients, receivers of each].
  assert "$(field '[.tallies[].receivers] | tojson')" = "[[2,1],[2,2]]"
  assert "$(field '.counts | .lost == 0 and .unique == .sent * 3 / 2')" = true
}

@test "connects under way are as many as allowed, and no more" {
  local pending
  for pending in 1 3; do
    PUPPET=slow-$pending start_puppet << 'END'
on send connack all delay 50ms
serve
END
    bench conn --target "mqtt://127.0.0.1:$PUPPET_PORT" -c 12 -R 0 \
      --connect-pending $pending --duration 0.1 --broker-stats no
    assert "$(PUPPET=slow-$pending puppet_log | awk '
      / open/ && ++n > most { most = n }
      / send connack/ { n-- }
      END { print most }')" -eq "$pending"
  done
}

@test "the window is what was told, or the broker allows, and reported" {
  # The first acknowledgements wait until both have filled their windows, and
  # a bit longer.
  puppet() { # NAME RECEIVE-MAXIMUM WINDOW OPTION...
    local name=$1
    PUPPET=$name start_puppet << END
connack receive-maximum=$2
on send puback all hold
accept
auto
accept
auto
loop $3
use 1
await publish
use 2
await publish
end
delay 20ms
clear
on send puback all delay 20ms
release
serve
END
    shift 3
    bench pub --target "mqtt://127.0.0.1:$PUPPET_PORT" -c 2 -q 1 -t a/%i \
      -L 120 --broker-stats no "$@"
    peak=$(PUPPET=$name puppet_log | sed -n 's/.* peak-in-flight=\([0-9]*\) .*/\1/p')
  }
  local peak
  puppet usual 100 20
  assert "$(field .window) $(grep -c '; window 20$' tool.out)" = "20 1"
  assert "$peak" = $'20\n20'
  puppet narrow 3 3 -F 50
  assert "$(field .window) $(grep -c '; window 3$' tool.out)" = "3 1"
  assert "$peak" = $'3\n3'
  puppet wide 100 50 -F 50
  assert "$(field .window) $(grep -c '; window 50$' tool.out)" = "50 1"
  assert "$peak" = $'50\n50'
}

# legs [LINE...]: 40 messages of QoS 2 and one of QoS 1 to a peer with rules.
legs() {
  start_puppet <<< "$(printf '%s\n' "$@" serve)"
  cat > legs.yaml << 'END_OF_SCENARIO'
name: legs
phases: {measure: 1s, drain: 1s}
groups:
  - name: pub
    clients: 1
    publish:
      - {topic: two, qos: 2, rate: 40/s}
      - {topic: one, qos: 1, rate: 1/s}
END_OF_SCENARIO
  run_tool mqtt-bench run legs.yaml --json result.json --broker-stats no \
    --target "mqtt://127.0.0.1:$PUPPET_PORT" || assert "$status" -eq 13
  stop puppet
}

# timings PROGRAM: over pub.ack, pub.rec, pub.comp, pub.total
timings() {
  jq -c "[.timings | .[\"pub.ack\",\"pub.rec\",\"pub.comp\",\"pub.total\"] | $1]" \
    result.json
}

@test "both legs of QoS 2 are timed, and what ends in the middle of them" {
  legs 'on send pubrec all delay 60ms' 'on send pubcomp all delay 30ms'
  assert "$(timings '.count')" = '[1,40,40,40]'
  assert "$(timings '.late // 0')" = '[0,0,0,0]'
  assert "$(jq -c '.timings | [.["pub.rec"].min >= 60e6,
      .["pub.comp"].min >= 30e6,
      (.["pub.rec"].mean + .["pub.comp"].mean - .["pub.total"].mean | fabs)
        < .["pub.total"].mean / 200]' \
    result.json)" = '[true,true,true]' "$(timings '[.min, .mean]')"

  legs 'on send pubcomp 3 drop'
  assert "$(timings '.late // 0')" = '[0,0,1,1]'
  assert "$(timings '.count')" = '[1,40,39,39]'
  assert "$(timings '.max == "never"')" = '[false,false,true,true]'
  grep -q 'never: 1 never completed' tool.out

  legs 'on send pubrec 3 drop'
  assert "$(timings '.late // 0')" = '[0,1,0,1]'
  assert "$(timings '.count')" = '[1,39,39,39]'

  legs 'on send puback 1 drop'
  assert "$(timings '.late // 0')" = '[1,0,0,0]'
  assert "$(timings 'if . then .count else 0 end')" = '[0,40,40,40]'
  grep -q 'never: 1 never acknowledged' tool.out
}

# When messages under topics were due, in ms after the first of the run: it is
# the last six bytes of their headers.
due() { # PATTERN
  local topic header first=
  while read -r topic header; do
    : "${first:=$((16#${header:20:12}))}"
    [[ ! $topic =~ $1 ]] ||
      echo $(((16#${header:20:12} - first) / 1000000))
  done < <(sort -k 2.21 heard.out) | xargs
}

@test "arrival: constant, bursts, a trace; phases uniform and aligned" {
  printf '%s\n' '# when' 0 0.3 0.3 0.8 > seconds
  cat > arrive.yaml << 'END'
name: arrive
phases: {measure: 1s}
groups:
  - name: all
    clients: 2
    publish:
      - {topic: t/%i, size: 16, arrival: trace, trace: seconds}
      - {topic: e/%i, size: 16, rate: 2/s}
      - {topic: o/%i, size: 16, rate: 2/s, phase: aligned}
      - {topic: b/%i, size: 16, rate: 10/s, burst: 5, phase: aligned}
END
  start_broker
  start heard mqtt-sub -p "$PORT" -t '#' -F '%t %x' -C 32
  wait_for 10 subscribed '#'
  bench run arrive.yaml --target "mqtt://127.0.0.1:$PORT"
  finish heard
  assert "$(due '^t/')" = '0 300 300 800'
  assert "$(due '^t/1')" = '0 300'
  assert "$(due '^e/1')" = '0 500'
  assert "$(due '^e/2')" = '250 750'
  assert "$(due '^o/')" = '0 0 500 500'
  assert "$(due '^b/')" = '0 0 0 0 0 0 0 0 0 0 500 500 500 500 500 500 500 500 500 500'
}

# --- who the clients are -------------------------------------------------------

@test "names and passwords from NDJSON, also for what reads \$SYS" {
  local n port
  port=$(free_port)
  : > users
  for n in 1 2 3; do
    echo "user-$n:secret-$n" >> users
    echo "{\"username\": \"user-$n\", \"password\": \"secret-$n\", \"room\": $n}"
  done > people.ndjson
  mosquitto_passwd -U users
  start_broker 'per_listener_settings true' 'sys_interval 1' \
    "listener $port 127.0.0.1" 'allow_anonymous false' \
    "password_file $PWD/users"
  cat > people.yaml << 'END'
name: people
phases: {measure: 1500ms, drain: 5s}
groups:
  - name: all
    clients: 3
    clients-from: people.ndjson
    publish: [{topic: 'room/%{room}', qos: 1, rate: 10/s}]
END
  bench run people.yaml --target "mqtt://127.0.0.1:$port"
  for n in 1 2 3; do
    grep -q "as bench-all-$n (p5, c1, k60, u'user-$n')" broker.err
    assert "$(grep -c "Received PUBLISH .*'room/$n'" broker.err)" -eq 15
  done
  assert "$(field .broker.version)" =~ mosquitto
  # One name for all, and a version without empty ids.
  bench conn --target "mqtt://127.0.0.1:$port" -c 2 -u user-1 -P secret-1 \
    -V 31 --duration 1.5
  assert "$(field .broker.version)" =~ mosquitto
  run_tool 8 mqtt-bench conn --target "mqtt://127.0.0.1:$port" -c 2 \
    -u user-1 -P secret-2
}

@test "of several targets a client that was dropped goes to the next" {
  local name targets=()
  for name in one two; do
    PUPPET=$name start_puppet <<< serve
    targets+=(--target "mqtt://127.0.0.1:$PUPPET_PORT")
  done
  cat > t.yaml << 'END'
name: moving
phases: {measure: 1500ms, drain: 1s}
groups:
  - name: s
    clients: 4
    churn: {every: 500ms, down: 200ms, how: drop, times: 1}
  - name: kept
    clients: 2
    mqtt: {clean: no, session-expiry: 1m}
    churn: {every: 500ms, down: 200ms, how: drop, times: 1}
END
  mqtt-bench run t.yaml "${targets[@]}" --progress none --broker-stats no \
    --json r.json || test $? -eq 13
  assert "$(jq .counts.reconnects r.json)" -eq 6
  for name in one two; do
    assert "$(PUPPET=$name puppet_log |
      grep -o 'recv connect .*client-id=bench-s-[1-4]' | wc -l)" -eq 4
    assert "$(PUPPET=$name puppet_log |
      grep -o 'client-id=bench-s-[1-4]' | sort -u | wc -l)" -eq 4
    # Who has a session goes where that is.
    assert "$(PUPPET=$name puppet_log |
      grep -o 'client-id=bench-kept-[12]' | sort -u | wc -l)" -eq 1
  done
}

@test "of several targets a client stays where a session may have been made" {
  local session one
  for session in no yes; do
    PUPPET=one start_puppet << 'END'
on conn 1 send connack 1 drop
serve
END
    one=$PUPPET_PORT
    PUPPET=two start_puppet <<< serve
    cat > t.yaml << 'END'
name: staying
connect: {timeout: 1s, retries: 1}
phases: {measure: 1s, drain: 1s}
groups:
  - name: s
    clients: 1
END
    [ $session = no ] || echo '    mqtt: {clean: no, session-expiry: 1m}' >> t.yaml
    mqtt-bench run t.yaml --progress none --broker-stats no --json r.json \
      --target "mqtt://127.0.0.1:$one" \
      --target "mqtt://127.0.0.1:$PUPPET_PORT" || test $? -eq 13
    assert "$(jq .counts.connected r.json)" -eq 1
    if [ $session = no ]; then
      assert "$(PUPPET=two puppet_count ' recv connect ')" -eq 1
    else
      assert "$(PUPPET=one puppet_count ' recv connect ')" -eq 2
      assert "$(PUPPET=two puppet_count ' recv connect ')" -eq 0
    fi
    stop one
    stop two
  done
}
