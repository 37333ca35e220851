# SPDX-License-Identifier: MIT
# mqtt-bench: clients that give their subscriptions back for a while and stay
# connected (churn with "how: unsubscribe"), or go and have a session. What is lost and what is not is
# counted to the message in tests/unit/test_bench_losses.c.

load helper/helpers
load helper/peer

# bench FILE PORT [OPTION]...: a run that comes to its end, and whose books
# balance; its result in result.json.
bench() {
  status=0
  mqtt-bench run "$1" --target "mqtt://127.0.0.1:$2" --json result.json \
    --progress none --broker-stats no "${@:3}" > tool.out 2> tool.err ||
    status=$?
  cat tool.out tool.err
  [[ $status = 0 || $status = 13 ]] || die "exit status $status"
  assert "$(field '[.partial, .imbalances] | map(select(.)) | length')" -eq 0
}

field() {
  jq -r "$1" result.json
}

# scenario VERSION CLIENTS FILTER CHURN [PHASES]: in t.yaml. They publish, too.
# Connects are far enough apart for the puppet to number them in that order.
scenario() {
  cat > t.yaml << END
name: resubscribe
mqtt: {version: $1}
connect: {rate: 100/s}
phases: ${5:-"{measure: 4s, drain: 30s}"}
groups:
  - name: s
    clients: $2
    subscribe: [{filter: $3, qos: 1}]
    publish: [{topic: b/%i, qos: 1, size: 64, rate: 20/s}]
    churn: {how: unsubscribe, $4}
  - name: p
    clients: 8
    publish:
      - {topic: a/%i, qos: 1, size: 64, rate: 50/s}
      - {topic: a/%i, qos: 0, size: 64, rate: 50/s}
END
}

@test "mosquitto: nothing is lost, every UNSUBACK is timed, publishing goes on" {
  start_broker
  local version
  for version in 3.1.1 5; do
    : > broker.err
    scenario $version 8 a/%i 'every: 1500ms, down: 300ms, times: 2'
    bench t.yaml "$PORT"
    assert "$(field '.counts | [.unsubscribes, .unsubscribed, .unsub_refused,
      .unsub_unanswered] | @tsv')" = $'16\t16\t0\t0'
    assert "$(field '.counts | [.subscribes, .subscribed] | @tsv')" = $'24\t24'
    assert "$(field '.timings | ."unsub.ack".count, ."sub.ack".count')" \
      = $'16\n24'
    assert "$(field '.counts | [.sent, .lost, .duplicates, .skipped,
      .disconnects] | @tsv')" = $'3840\t0\t0\t0\t0'
    assert "$(field '.counts.unique | . > 1600 and . < 3200')" = true
    assert "$(grep -c 'Received UNSUBSCRIBE from bench-s-' broker.err)" -eq 16
    grep 'unsubscribes 16 = unsubscribed 16 + unsub_refused 0$' tool.out
    grep -E '^  unsub.ack +16 .* UNSUBSCRIBE to UNSUBACK$' tool.out
  done
}

@test "mosquitto: members of a shared subscription stand in for each other" {
  start_broker
  local version
  for version in 3.1.1 5; do
    # Four on as many threads as there are: half of them at any time.
    scenario $version 4 '$share/g/a/#' \
      'every: 700ms, share: 50%, down: 200ms, times: 4'
    bench t.yaml "$PORT"
    assert "$(field '.counts | .unsubscribes >= 4 and
      .unsubscribes == .unsubscribed')" = true
    assert "$(field '.counts | [.unique, .expected, .lost, .duplicates] |
      @tsv')" = $'3200\t3200\t0\t0'
    # Where all of them go there is nobody to stand in.
    scenario $version 4 '$share/g/a/#' 'every: 1500ms, down: 300ms, times: 2'
    bench t.yaml "$PORT"
    assert "$(field '.counts | [.unsubscribed, .lost, .duplicates] | @tsv')" \
      = $'8\t0\t0'
    assert "$(field '.counts.unique < 3200')" = true
  done
}

@test "mosquitto: a session keeps QoS 1 while its client is away, QoS 0 it need not" {
  start_broker
  local version session how
  for version in 3.1.1 5; do
    session='clean: no'
    [ $version = 3.1.1 ] || session+=', session-expiry: 1m'
    for how in drop disconnect; do
      scenario $version 8 a/%i "every: 1500ms, down: 500ms, times: 2"
      sed -i "s/how: unsubscribe/how: $how/
        0,/^    clients: 8/s//&\n    mqtt: {$session}/" t.yaml
      bench t.yaml "$PORT"
      assert "$(field '.counts | [.reconnects, .subscribes] | @tsv')" \
        = $'16\t8'
      assert "$(field '.counts | [.lost, .duplicates < 200] | @tsv')" \
        = $'0\ttrue'
      # All of QoS 1, 1,600, and of QoS 0 three quarters or so.
      assert "$(field '.counts.unique | . > 2000 and . < 3100')" = true
    done
  done
}

@test "mosquitto: who has a session and is away at the end has lost nothing" {
  start_broker
  local version session
  for version in 3.1.1 5; do
    session='clean: no'
    [ $version = 3.1.1 ] || session+=', session-expiry: 1m'
    # Half of them go in the measured phase, and stay away.
    scenario $version 8 a/%i \
      'every: 1s, down: 1m, share: 50%, times: 1, how: drop' \
      '{measure: 2s, drain: 1s}'
    sed -i "s/how: unsubscribe, //
      0,/^    clients: 8/s//&\n    mqtt: {$session}/" t.yaml
    bench t.yaml "$PORT"
    assert "$(field '.counts | [.away, .lost] | @tsv')" = $'4\t0'
    # The other half has got all of it: 4 * 100/s for 2 s.
    assert "$(field '.counts | .expected == .unique, .unique > 1000,
      .unique < 1600')" = $'true\ntrue\ntrue'
    grep '^ *away 4$' tool.out
  done
}

@test "a lower QoS than was asked for is counted, and told" {
  local version port
  port=$(free_port)
  start_broker "listener $port 127.0.0.1" 'allow_anonymous true' 'max_qos 1'
  wait_for 10 port_open "$port"
  for version in 3.1.1 5; do
    scenario $version 3 a/%i 'every: 1m' '{measure: 1s, drain: 10s}'
    sed -i 's/filter: a.%i, qos: 1/filter: a\/%i, qos: 2/' t.yaml
    bench t.yaml "$port" --html r.html --require 'sub_lowered == 3'
    assert "$(field '.counts | [.subscribed, .sub_lowered, .lost] | @tsv')" \
      = $'3\t3\t0'
    grep '^ *sub_lowered 3$' tool.out
    grep -q '3</td>.*at a lower QoS than asked for' r.html
  done
}

@test "what a broker grants with QoS 0 it need not keep for a session" {
  start_puppet << 'END'
on send suback all reasons=0x00
serve
END
  scenario 5 1 a/1 'every: 500ms, down: 1s, times: 1' \
    '{measure: 3s, drain: 5s}'
  sed -i "s/how: unsubscribe/how: drop/
    s/version: 5/&, clean: no, session-expiry: 1m/" t.yaml
  bench t.yaml "$PUPPET_PORT"
  assert "$(puppet_count ' send connack session-present=1 ')" -eq 1
  assert "$(field '.counts | [.reconnects, .sub_lowered, .lost] | @tsv')" \
    = $'1\t2\t0'
  # A second's worth of 100/s went by, and it got the others.
  assert "$(field '.counts.unique | . > 150 and . < 230')" = true
}

@test "a broker that loses a session before its time loses what was in it" {
  local expiry
  for expiry in 1s 1m; do
    PUPPET=lost start_puppet << 'END'
session-present 0
serve
END
    scenario 5 1 a/1 'every: 500ms, down: 1500ms, times: 1' \
      '{measure: 4s, drain: 5s}'
    sed -i "s/how: unsubscribe/how: drop/
      s/version: 5/&, clean: no, session-expiry: $expiry/" t.yaml
    bench t.yaml "$PUPPET_PORT"
    assert "$(field .counts.reconnects)" -eq 1
    # Of QoS 1 50 messages a second, if that session must still be there.
    if [ $expiry = 1s ]; then
      assert "$(field .counts.lost)" -eq 0
    else
      assert "$(field '.counts.lost | . > 60 and . < 95')" = true
    fi
    stop lost
  done
}

@test "a broker that takes its time with UNSUBACK and SUBACK is seen to" {
  start_puppet << 'END'
on send unsuback all delay 300ms
on send suback 2+ delay 200ms
serve
END
  scenario 5 3 a/%i 'every: 1s, down: 100ms, times: 1' \
    '{measure: 3s, drain: 10s}'
  bench t.yaml "$PUPPET_PORT"
  assert "$(field '.counts | [.unsubscribed, .subscribed, .lost] | @tsv')" \
    = $'3\t6\t0'
  assert "$(field '.timings."unsub.ack" | .count, (.min >= 3e8)')" \
    = $'3\ntrue'
  # The first is answered at once, the second not.
  assert "$(field '.timings."sub.ack" | .count, (.max >= 2e8)')" \
    = $'6\ntrue'
}

@test "a refused UNSUBSCRIBE is counted and told with its reason" {
  start_puppet << 'END'
on conn 1 send unsuback 1 reasons=0x83
serve
END
  scenario 5 3 a/%i 'every: 1s, down: 100ms, times: 1' \
    '{measure: 2s, drain: 10s}'
  bench t.yaml "$PUPPET_PORT"
  # It subscribes again all the same.
  assert "$(field '.counts | [.unsubscribes, .unsubscribed, .unsub_refused,
    .subscribed, .lost] | @tsv')" = $'3\t2\t1\t6\t0'
  assert "$(field '.counts.unsubscribe_reasons | tojson')" = '{"0x83":1}'
  grep '1 unsubscriptions refused: .* (0x83)$' tool.out
  # Merged and read again it is the same.
  mqtt-bench report result.json --json again.json > /dev/null || test $? -eq 13
  assert "$(jq -S .counts again.json)" = "$(jq -S .counts result.json)"
}

@test "an UNSUBACK or SUBACK that never comes holds nothing up" {
  start_puppet << 'END'
on conn 1 send unsuback all drop
on conn 2 send suback 2 drop
serve
END
  scenario 5 3 a/%i 'every: 1s, down: 100ms, times: 1' \
    '{measure: 2s, drain: 1s}'
  bench t.yaml "$PUPPET_PORT" --require 'unsub.ack.max < 1h' || true
  assert "$(field '.counts | [.unsubscribes, .unsubscribed, .unsub_unanswered,
    .subscribes, .subscribed, .sub_unanswered, .lost] | @tsv')" \
    = $'3\t2\t1\t5\t4\t1\t0'
  grep 'unsubscribes 3 = unsubscribed 2 + unsub_refused 0 + unsub_unanswered 1$' \
    tool.out
  # It is later than all that came.
  grep 'never: 1 never answered by UNSUBACK ' tool.out
  assert "$(field '.timings | ."unsub.ack".max, ."sub.ack".max')" \
    = $'never\nnever'
}

@test "without an UNSUBACK it subscribes again after ten seconds" {
  start_puppet << 'END'
on send unsuback 1 drop
serve
END
  scenario 5 1 a/%i 'every: 500ms, after: 100ms, down: 100ms' \
    '{measure: 11500ms, drain: 10s}'
  bench t.yaml "$PUPPET_PORT"
  # The next time all goes well.
  assert "$(field '.counts | .unsub_unanswered, (.unsubscribed >= 1),
    .unsubscribes == .unsubscribed + 1, .lost')" = $'1\ntrue\ntrue\n0'
  assert "$(puppet_log | awk '/recv unsubscribe/ { gone = substr($NF, 4) }
    /recv subscribe/ && gone { print (substr($NF, 4) - gone > 9.9); exit }')" = 1
}

@test "a connection lost while unsubscribed subscribes again, session or not" {
  local fault session
  for fault in '' 'on send unsuback 1 drop'; do
    for session in 0 1; do
      PUPPET=lost start_puppet << END
$fault
accept
auto
await unsubscribe
delay 300ms
reset
serve
END
      scenario 5 1 a/1 'every: 500ms, down: 20s, times: 1' \
        '{measure: 3s, drain: 10s}'
      # One publisher, and that comes later: the script serves one at first.
      sed -i "s/^    churn/    reconnect: 100ms\n&/
        s/clients: 8/clients: 1\n    join: 1500ms/" t.yaml
      [ $session = 0 ] ||
        sed -i 's/version: 5/&, clean: no, session-expiry: 1m/' t.yaml
      bench t.yaml "$PUPPET_PORT"
      assert "$(PUPPET=lost puppet_count \
        "^2 send connack session-present=$session ")" -eq 1
      assert "$(PUPPET=lost puppet_count '^2 recv subscribe .*filter=a/1 ')" -eq 1
      assert "$(field '.counts | [.reconnects, .unsubscribes,
        .unsub_unanswered, .subscribed, .lost] | @tsv')" \
        = $'1\t1\t'$((${#fault} > 0))$'\t2\t0'
      # What is sent then arrives.
      assert "$(field '.counts.unique > 50')" = true
      stop lost
    done
  done
}

@test "a SUBSCRIBE without an answer is in the books from the begin" {
  start_puppet << 'END'
on conn 2 send suback 1 drop
serve
END
  scenario 5 2 a/%i 'every: 1s, times: 1' \
    '{start: 50%, deadline: 2s, measure: 2s, drain: 1s}'
  bench t.yaml "$PUPPET_PORT"
  assert "$(field '.counts | [.subscribes, .subscribed, .sub_unanswered,
    .unsubscribes] | @tsv')" = $'3\t2\t1\t1'
}

@test "--plan says what they do; who subscribes to nothing cannot do it" {
  scenario 5 8 a/%i 'every: 1500ms, share: 20%'
  run_tool mqtt-bench run t.yaml --target mqtt://127.0.0.1:1 --plan
  assert "$output" =~ "; 20 % unsubscribe every 1.5 s"
  sed -i 's/how: unsubscribe/how: drop/' t.yaml
  run_tool mqtt-bench run t.yaml --target mqtt://127.0.0.1:1 --plan
  assert "$output" =~ "; 20 % go every 1.5 s"
  sed -i 's/how: drop/how: unsubscribe/; /filter/d' t.yaml
  run_tool 2 mqtt-bench validate t.yaml
  assert "$stderr" =~ "9:18: groups.0..churn.how: there is no 'subscribe'"
}
