# SPDX-License-Identifier: MIT
# mqtt-bench search: limits that the counting peer has on purpose are found.

load helper/helpers

# search ARGUMENT...: once more when this machine was too busy for the load,
# which the answer says.
search() {
  local try
  for ((try = 0; try < 8; try++)); do
    run_tool mqtt-bench search "$@" --progress none --json s.json || true
    [ "$(jq -r .end s.json)" = generator-bound ] || break
  done
  assert "$status" -eq 0
}

# A peer that drops every 2,000th delivery takes 1,999 of them.
@test "the highest rate is found, by doubling and halving, each step twice" {
  search --target self:drop=2000 --from 500 --require 'lost == 0' \
    --duration 1 --warmup 0 --drain 2
  assert "$output" =~ ^"Highest rate of pairs with lost == 0 .against the peer in mqtt-bench itself: no broker."
  [[ $output == *"highest rate that holds: 1.94 k/s (2.00 k/s does not)"* ]]
  assert "$(jq -c '[.end, .highest, .fails_at] == ["found",1940,2000]' s.json)" = true
  assert "$(jq -c '[.steps[].value] == [500,1000,2000,1500,1750,1880,1940]' s.json)" = true
  assert "$(jq -c '[.steps[].outcome] | unique' s.json)" = '["fails","holds"]'
  assert "$(jq '[.steps[].runs] | min' s.json)" -eq 2
  assert "$(jq '[.steps[].runs] | add' s.json)" -eq "$(jq '.runs | length' s.json)"
  # The step that fails is told with its reason, and drawn with a cross.
  assert "$output" =~ "fails: lost is 1, wanted == 0"
  assert "$(grep -c '#.* x$' tool.out)" -eq 1
  # The knee: nothing is lost before it.
  assert "$(grep -cE '^ *[0-9.]+ ?k?/s +0 +$' tool.out)" -eq 6
  assert "$(jq -c '[.metric, (.steps | map([.outcome, .reading == 0]) |
    unique)]' s.json)" = '["lost",[["fails",false],["holds",true]]]'
}

@test "the status is 1 when not even the lowest holds" {
  run_tool 1 mqtt-bench search --target self:drop=10 \
    --require 'lost == 0' --duration 0.5 --warmup 0 --drain 0.2 \
    --progress none
  assert "$stderr" = "mqtt-bench: not even the lowest rate, 1.00 k/s, holds"
  assert "$output" =~ "not even the lowest rate, 1.00 k/s, holds"
}

@test "it goes no further than --to" {
  search --target self --from 300 --to 700 --require 'lost == 0' \
    --duration 0.5 --warmup 0
  assert "$(jq -c '[.end, .highest] == ["all",700]' s.json)" = true
  assert "$(jq -c '[.steps[].value] == [300,600,700]' s.json)" = true
  run_tool 2 mqtt-bench search --target self --from 3 --to 2 \
    --require 'lost == 0'
}

@test "the most connections are found" {
  search --target self:refuse-connect=40 --vary connections --from 10 \
    --require 'conn_refused == 0' --duration 0.3 --warmup 0
  assert "$(jq -c '[.end, .highest, .fails_at] == ["found",39,40]' s.json)" = true
}

@test "the greatest fan-out is found" {
  cat > fan.yaml << EOT
name: fan
phases: {measure: 1s, drain: 2s}
groups:
  - {name: sub, clients: 1, subscribe: [{filter: t}]}
  - {name: pub, clients: 1, publish: [{topic: t, qos: 1, rate: 100/s}]}
EOT
  search fan.yaml --target self:drop=1000 --vary fan-out --from 4 \
    --require 'lost == 0'
  assert "$(jq -c '[.end, .highest, .fails_at] == ["found",9,10]' s.json)" = true
  run_tool 2 mqtt-bench search --target self --vary fan-out \
    --require 'lost == 0'
  assert "$stderr" =~ "--vary fan-out needs a scenario"
}

# Each step resolves and connects anew. What this machine is too busy for is
# not what this is about: only what is lost or refused counts.
@test "a broker: rate, connections, fan-out" {
  local common=(--warmup 0 --broker-stats no)
  start_broker
  common+=(--target "mqtt://127.0.0.1:$PORT")
  search "${common[@]}" --from 100 --to 400 \
    --require 'lost == 0' --duration 0.3
  assert "$(jq -c '[.end, .highest, .self] == ["all",400,false]' s.json)" = true
  assert "$(jq -c '[.steps[].value] == [100,200,400]' s.json)" = true
  search conn "${common[@]}" --vary connections \
    --from 10 --to 40 --duration 0.1 --require 'conn_refused == 0' \
    --require 'conn_failed == 0'
  assert "$(jq -c '[.end, .highest, .fails_at] == ["all",40,0]' s.json)" = true
  cat > fan.yaml << EOT
name: fan
phases: {measure: 300ms, drain: 10s}
groups:
  - {name: sub, clients: 1, subscribe: [{filter: t, qos: 1}]}
  - {name: pub, clients: 1, publish: [{topic: t, qos: 1, rate: 100/s}]}
EOT
  search fan.yaml "${common[@]}" --vary fan-out --from 4 \
    --to 16 --require 'lost == 0'
  assert "$(jq -c '[.end, .highest] == ["all",16]' s.json)" = true
}

# One of several would search with its part of the load, and could not judge
# what was lost.
@test "a search is no shard" {
  run_tool 2 mqtt-bench search --target self --shard 1/2 --require 'lost == 0'
  assert "$stderr" =~ "a search is not shared among generators: --shard 1/1"
}

@test "something has to be required" {
  run_tool 2 mqtt-bench search --target self
  assert "$stderr" =~ "nothing is required: say what must hold with --require"
}
