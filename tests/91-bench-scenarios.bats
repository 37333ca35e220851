# SPDX-License-Identifier: MIT
# Every built-in scenario of mqtt-bench, in its quick form and shortened, with
# real brokers. What is looked at are counts: on a machine that is busy with
# other things a rate may be missed and a measurement not be valid.

load helper/helpers

# lane PORT NAME...: one scenario after the other. They mostly wait, so several
# lanes, each with a broker of its own, do not get in each other's way.
cat_lane() {
  cat << 'END'
port=$1
shift
for name; do
  scale=1
  [ "$name" != conn-tcp-1M-5K ] || scale=0.03
  mqtt-bench run "$name" --target "mqtt://127.0.0.1:$port" --scale $scale \
    --quick --warmup 0.2 --duration 1.5 --drain 20 --seed 1 --progress none \
    $OPTIONS --json "$name.json" > "$name.out" 2> "$name.err"
  echo $? > "$name.status"
done
END
}

# check NAME...: it ran to its end, its books balance, and what it requires
# holds, but for rates.
check() {
  local name bad
  for name; do
    cat "$name.out" "$name.err"
    [[ $(cat "$name.status") =~ ^(0|1|13)$ ]] ||
      die "$name: status $(cat "$name.status")"
    bad=$(jq -r '[.partial, .imbalances,
      (.requirements[] | select(.holds | not) | .text |
       select(startswith("rate.") | not))] | map(select(.)) | join("; ")' \
      "$name.json")
    assert "$bad" = "" "$name"
    assert "$(jq '.counts.connected >= .clients' "$name.json")" = true "$name"
    assert "$(jq '.counts.duplicates + .counts.corrupted' "$name.json")" -eq 0
  done
}

# that NAME FILTER: a jq filter is true of a result.
that() {
  assert "$(jq "$2" "$1.json")" = true "$1: $2"
}

@test "every built-in scenario with mosquitto" {
  local names lane each
  mapfile -t names < <(mqtt-bench list | cut -d ' ' -f 1)
  each=$(((${#names[@]} + 3) / 4))
  cat_lane > lane
  for lane in 0 1 2 3; do
    BROKER=broker-$lane start_broker
    start "lane-$lane" bash lane "$PORT" "${names[@]:lane * each:each}"
  done
  for lane in 0 1 2 3; do
    finish "lane-$lane"
  done
  check "${names[@]}"

  that auth-storm '.counts.reconnects >= 10'
  that burst '.counts.unique == .counts.sent and .counts.sent > 1000'
  that churn-20 '.counts.reconnects > 0 and .counts.disconnects == 0'
  that fanout-1-1K-1-1K '.counts.unique == 10 * .counts.sent'
  that firehose-nosub '[.tallies[].sent | add > 0] | length == 9 and all'
  that idle-soak '.counts.sent == 0 and .clients >= 10'
  that matrix-1-5-10 '.counts.unique == .counts.expected and
    ([.tallies[].sent | add > 0] | all)'
  that offline-queue '.counts.reconnects >= 10 and .counts.lost == 0 and
    .timings.e2e.max > 3e8'
  that receive-maximum '.counts.unique == .counts.expected and
    ([.tallies[].sent | add > 0] | all)'
  that reconnect-storm '.counts.reconnects >= 3 * .clients'
  that request-reply '.counts.echoed > 100 and
    .counts.echoed == .counts.answered and
    .timings["rtt.echo"].count > 100'
  that retained-flood '.counts.retained > 0'
  that self-1to1 '.counts.unique == .counts.sent'
  that session-expiry '.counts.reconnects >= 120 and .counts.lost == 0'
  that share-fairness '.counts.unique == .counts.sent'
  that sharedsub-50K-500-50K-50K '.counts.unique == .counts.sent'
  that slow-consumer '.counts.unique == .counts.expected'
  that takeover '.counts.disconnects > 0 and .counts.conn_failed == 0'
  that tls-handshake '.counts.reconnects >= 10'
  that topic-alias-on '.counts.unique == .counts.sent'
  assert "$(jq -s '.[0].counts.bytes_out < .[1].counts.bytes_out / 2' \
    topic-alias-on.json topic-alias-off.json)" = true
  that wildcard-match '.counts.unique == .counts.sent'
  that will-storm '.counts.unmarked >= 10'
}

@test "slow consumers: late acknowledgements and pauses in reading" {
  start_broker
  cat > acks.yaml << END
name: acks
phases: {measure: 1s, drain: 20s}
groups:
  - {name: sub, clients: 2, mqtt: {version: 3.1.1},
     subscribe: [{filter: 's/#', qos: 1}], slow: {ack-delay: 500ms}}
  - {name: pub, clients: 1, publish: [{topic: s/%i, qos: 1, rate: 100/s}]}
END
  sed 's/acks/stops/; s/ack-delay: 500ms/pause-every: 400ms, pause-for: 800ms/' \
    acks.yaml > stops.yaml
  OPTIONS='' bash -c "$(cat_lane)" lane "$PORT" ./acks.yaml ./stops.yaml
  check ./acks.yaml ./stops.yaml
  # Twenty are sent ahead, in 200 ms; the next has to wait for the first of
  # them, 300 ms more.
  that ./acks.yaml '.timings.e2e.max > 2.5e8'
  that ./acks.yaml '.counts.unique == 2 * .counts.sent'
  that ./stops.yaml '.timings.e2e.max > 7e8'
  that ./stops.yaml '.counts.unique == 2 * .counts.sent'
}

@test "churners by drop and by disconnect, and those who join late" {
  start_broker
  cat > move.yaml << END
name: move
phases: {measure: 3s, drain: 10s}
groups:
  - {name: drops, clients: 4, will: {topic: w/%c, payload: x},
     churn: {every: 500ms, share: 50%, how: drop}}
  - {name: leaves, clients: 4, will: {topic: w/%c, payload: x},
     churn: {every: 500ms, share: 25%}}
  - {name: late, clients: 3, join: 1s, subscribe: [{filter: 'j/#'}]}
  - {name: ear, clients: 1, subscribe: [{filter: 'w/#'}]}
  - {name: pub, clients: 1, publish: [{topic: j/%i, rate: 50/s}]}
END
  run_tool mqtt-bench run ./move.yaml --target "mqtt://127.0.0.1:$PORT" \
    --json move.json || assert "$status" -eq 13
  that move '.imbalances == null and .counts.lost == 0'
  # Wills of those who vanish, not of those who say goodbye.
  that move '.counts.unmarked >= 8 and .counts.unmarked <= 12'
  that move '.counts.reconnects >= 10 and .counts.disconnects == 0'
  # Late ones get what is sent when they are there: the last two seconds.
  that move '.counts.unique > 150 and .counts.unique <= 330'
}

@test "two scenarios with ejabberd" {
  local base names=(p2p-1K-1K-1K-1K fanout-1-1K-1-1K)
  RUN=$(mktemp -d)
  chmod 755 "$RUN"
  base=$(free_port 5)
  start broker sh "$top_srcdir/tests/brokers/ejabberd/start.sh" "$RUN" \
    "$CERTS" "$base"
  wait_for 60 port_open "$base"
  wait_for 60 sh "$top_srcdir/tests/brokers/ejabberd/users.sh" "$RUN"
  cat_lane > lane
  OPTIONS="-u admin -P adminpw" bash lane "$base" "${names[@]}"
  check "${names[@]}"
  stop broker
  rm -rf "$RUN"
}

@test "two scenarios with aedes, which speaks MQTT 3 only" {
  local names=(fanin-wild p2p-1K-1K-1K-1K) base
  base=$(free_port 6)
  start broker sh "$top_srcdir/tests/brokers/aedes/start.sh" "$PWD/aedes" \
    "$CERTS" "$base"
  wait_for 60 port_open $((base + 5))
  cat_lane > lane
  OPTIONS="-V 311" bash lane "$base" "${names[@]}"
  check "${names[@]}"
}
