# SPDX-License-Identifier: MIT
# mqtt-bench after a run: reports in other forms, comparisons, repetitions and
# merged shards; and what can be read while it runs.
#
# On a machine that is busy with other things a run may turn out not valid:
# that is the truth and not for these tests to judge, which look at counts.

load helper/helpers

# A small load with deliveries: 4 s in all, 100 messages a second.
small_load() {
  cat > small.yaml << EOF
name: small
groups:
  - name: sub
    clients: 2
    subscribe: [{filter: "small/%i", qos: 1}]
  - name: pub
    clients: 2
    publish: [{topic: "small/%i", qos: 1, size: 64, rate: 50/s}]
phases: {warmup: 0, measure: 2s, drain: 10s}
require:
  - lost == 0
EOF
}

# bench [ARGUMENT...]: 0 or not valid, for the machine may be slow.
bench() {
  status=0
  mqtt-bench "$@" > tool.out 2> tool.err || status=$?
  [[ $status = 0 || $status = 13 ]] || {
    cat tool.out tool.err
    die "exit status $status"
  }
}

load_small() { # FILE [ARGUMENT...]
  local file=$1
  shift
  bench run ./small.yaml --target "mqtt://127.0.0.1:$PORT" \
    --progress none --json "$file" "$@"
}

# Holds a JSON document against a schema: members, types, values, references.
valid() { # FILE [SCHEMA]
  jq -r --slurpfile schemas \
    "$top_srcdir/contrib/mqtt-bench-${2:-result}.schema.json" '
    $schemas[0] as $root
    | def of($s): if $s["$ref"] == "#" then $root
        elif $s["$ref"] then $root.definitions[$s["$ref"] | split("/")[-1]]
        else $s end;
      def is($t): $t == null or type == $t or
        ($t == "integer" and type == "number" and floor == .) or
        (($t | type) == "array" and (. as $v | any($t[]; . as $t | $v | is($t))));
      def check($schema; $at): of($schema) as $s
        | if is($s.type) | not then "\($at): is no \($s.type)"
          elif $s.const and $s.const != . then "\($at): is not \($s.const)"
          elif $s.enum and (. as $v | $s.enum | index([$v]) | not)
          then "\($at): is none of \($s.enum)"
          elif $s.pattern and type == "string" and (test($s.pattern) | not)
          then "\($at): is not \($s.pattern)"
          elif type == "array" and $s.items
          then to_entries[] | .key as $k
            | .value | check($s.items; "\($at)[\($k)]")
          elif type == "object" then
            (($s.required // []) - keys | .[] | "\($at): has no \(.)"),
            (to_entries[] | .key as $k | .value
              | ($s.properties[$k] // $s.additionalProperties) as $p
              | if $p == false then "\($at): \($k) is not in the schema"
                elif ($p | type) == "object" then check($p; "\($at).\($k)")
                else empty end)
          else empty end;
      check($root; "")' "$1"
}

@test "a result is what its schema says, and report makes all forms of it" {
  local sent
  start_broker
  small_load
  load_small whole.json --html one.html --title 'A & B' --ndjson one.ndjson \
    --require 'pub.ack.p50 < 1h'
  assert "$(valid whole.json)" = ""
  jq '.counts.surprise = 1 | .seed = 5 | del(.run)' whole.json > odd.json
  assert "$(valid odd.json)" =~ "surprise is not in the schema"
  assert "$(valid odd.json)" =~ ".seed: is no string"
  assert "$(valid odd.json)" =~ "has no run"

  bench report whole.json --html two.html --json again.json --hgrm dist \
    --ndjson two.ndjson
  jq -c '[.phase, .sent, .e2e_p50]' one.ndjson > one
  jq -c '[.phase, .sent, .e2e_p50]' two.ndjson | cmp one -
  # 100 messages in a second have a median, and no p99.
  # Timers and turns are fewer than a percentile needs, or not.
  jq -es 'any(.lag_max > 0) and any(.turn_max > 0) and all(
    has("lag_p99") == (.lag_count >= 1000) and
    has("turn_p99") == (.turn_count >= 1000))' one.ndjson
  assert "$(jq -s 'any(.e2e_p50 > 0), any(has("e2e_p99"))' one.ndjson)" = \
    $'true\nfalse'
  cmp one.html two.html
  cmp whole.json again.json
  sent=$(jq .counts.sent whole.json)
  assert "$(< two.html)" =~ "scheduled <b>$sent</b> = sent <b>$sent</b>"
  assert "$(< two.html)" =~ "<h1>A &amp; B</h1>"
  assert "$(grep -cE 'https?://' two.html)" = 0
  assert "$(< tool.out)" =~ "PASS  pub.ack.p50 < 1h"
}

@test "every kind of result is what its schema says" {
  start_broker
  local self=self:drop=50,delay=1ms target="mqtt://127.0.0.1:$PORT"
  local common=(--progress none --warmup 0 --drain 0.5)
  run_tool 14 mqtt-bench conn --target self:refuse-connect=3 -c 6 \
    --duration 0.5 "${common[@]}" --json conn.json
  mqtt-pub -p "$PORT" -t x --retain -m hello
  bench sub --target "$target" -c 3 -t x --duration 0.5 "${common[@]}" \
    --json sub.json
  bench run pairs --target "$self" --rate 200 --duration 1 "${common[@]}" \
    --json faults.json
  bench run pairs --target self --rate 200 --duration 1 "${common[@]}" \
    --shard 1/2 --json half.json
  start int mqtt-bench pub -c 2 -t x -q 2 --rate 50 --duration 60 \
    --target "$target" --json partial.json --ndjson partial.ndjson
  wait_for 20 grep -q measure int.err
  kill -INT "$(job_pid int)"
  finish int 130
  for kind in conn sub faults half partial; do
    assert "$kind: $(valid "$kind.json")" = "$kind: "
  done
  jq -e '.partial and .verdict.trust != "VALID"' partial.json
  jq -e '.counts.unmarked == 3' sub.json
  jq -e '.counts.lost > 0 and .counts.conn_refused == 0' faults.json
  # An interval is the same there and here.
  jq -s '.[-1]' partial.ndjson > interval.json
  jq --slurpfile i interval.json '.course = $i' partial.json > whole.json
  assert "$(valid whole.json)" = ""
}

@test "what a search found is what its schema says, interrupted or not" {
  bench search --target self:drop=400 --from 100 --to 400 \
    --require 'lost == 0' --duration 0.5 --warmup 0 --drain 2 \
    --progress none --json found.json
  assert "$(valid found.json search)" = ""
  jq '.odd = 1 | .steps[0].outcome = "so so" | .steps[1].reading = []' \
    found.json > odd.json
  assert "$(valid odd.json search)" =~ "odd is not in the schema"
  assert "$(valid odd.json search)" =~ "outcome: is none of"
  assert "$(valid odd.json search)" =~ "reading: is no"
  start int mqtt-bench search --target self --from 100 --duration 60 \
    --warmup 0 --require 'lost == 0' --json int.json
  wait_for 20 grep -q measure int.err
  kill -INT "$(job_pid int)"
  finish int 130
  assert "$(valid int.json search)" = ""
  assert "$(jq .partial int.json)" = true
}

# Four columns, the last one missing where the percentile is 1; shares and
# counts rise, and the last count is that of all.
@test "the distributions are in the form of HdrHistogram" {
  start_broker
  small_load
  load_small whole.json --hgrm dist
  assert "$(ls dist.*)" =~ dist.e2e.hgrm
  head -1 dist.e2e.hgrm | grep -Eqx \
    ' *Value +Percentile +TotalCount 1/\(1-Percentile\)'
  run awk '
    /^#/ { comments++; if (/Total count/) { sub(/\].*/, ""); total = $NF }
           next }
    NR > 2 {
      if ($1 !~ /^[0-9]+\.[0-9]+$/ || $2 !~ /^[01]\.[0-9]+$/) exit 1
      if ($1 < value || $2 < share || $3 < count) exit 2
      if ($2 < 1 && (NF != 4 || ($4 - 1 / (1 - $2)) ^ 2 > 0.01 * $4)) exit 3
      value = $1; share = $2; count = $3; lines++
    }
    END { print lines, share, count - total, comments }' dist.e2e.hgrm
  assert "$status" = 0
  assert "$output" =~ ^[0-9]+\ 1\.0+\ 0\ 3$
  assert "$(awk '$2 == 1 { print $3 }' dist.e2e.hgrm)" = \
    "$(jq '.timings.e2e.count' whole.json)"
}

@test "what is no result is refused in one line" {
  echo '{"schema": "mqtt-bench/9"}' > new.json
  echo 'Message 5' > text.json
  run_tool 2 mqtt-bench report new.json
  assert "$stderr" =~ "'new.json': is not a result of this version"
  run_tool 2 mqtt-bench report text.json
  assert "$stderr" =~ "'text.json' is not a result of mqtt-bench"
  run_tool 12 mqtt-bench compare none.json new.json
  assert "$stderr" =~ "cannot open 'none.json'"
  run_tool 2 mqtt-bench compare new.json
  assert "$stderr" =~ "needs two result files"
  run_tool 2 mqtt-bench merge
  assert "$stderr" =~ "needs the result files of all shards"
}

@test "repeated runs have a median and a spread, which compare uses" {
  start_broker
  small_load
  load_small many.json --repeat 2 --html many.html
  assert "$(valid many.json)" = ""
  assert "$(jq -c '[.runs | length, .[0].run != .[1].run]' many.json)" = \
    "[2,true]"
  assert "$(jq '.counts.sent == ([.runs[].counts.sent] | add)' many.json)" = \
    true
  jq -e '.repeats["e2e.p50"] | .median >= .min and .median <= .max and
    ((.max - .min) / 2 / .median - .spread | . * . < 1e-12)' many.json
  assert "$(< many.html)" =~ "2 runs of the same load"

  # The same again is no change; without the spread a rise counts, and
  # within it it does not.
  jq '.verdict.trust = "VALID"' many.json > calm.json
  run_tool mqtt-bench compare calm.json calm.json \
    --require 'e2e.p50 <= +0%' --require 'lost == 0'
  assert "$output" =~ "PASS  e2e.p50 <= \\+0%"
  run_tool 1 mqtt-bench compare calm.json calm.json --require 'sent < +0%'
  assert "$output" =~ "FAIL  sent < \\+0%"
  assert "$stderr" = "mqtt-bench: 1 of 1 requirements does not hold"
  run_tool 1 mqtt-bench compare calm.json calm.json \
    --require 'rtt.echo.p50 <= +10%'
  assert "$output" =~ "rtt.echo.p50 has no data"

  # What is not known has not become better.
  jq '.verdict = {trust: "INVALID", bound: "", reasons: [{trust: "INVALID",
    text: "nothing was measured"}]}' many.json > wrong.json
  run_tool 13 mqtt-bench compare calm.json wrong.json --require 'sent < +0%'
  assert "$stderr" = \
    "mqtt-bench: the new measurement is not valid: nothing was measured"
  run_tool 13 mqtt-bench compare wrong.json calm.json
  assert "$stderr" =~ "the old measurement is not valid"
}

@test "how evenly a share group was served is told, required and merged" {
  local i
  cat > share.yaml << 'END'
name: share
phases: {measure: 1s, drain: 5s}
require: ['share.fairness >= 0.99']
groups:
  - {name: s, clients: 4, subscribe: [{filter: $share/g/a/#, qos: 1}]}
  - {name: p, clients: 4, publish: [{topic: a/%i, qos: 1, rate: 50/s}]}
END
  bench run share.yaml --target self --progress none --json share.json \
    --html share.html
  grep -F 'shared      $share/g/a/#: 4 members got 50 to 50, median 50; fairness 1.000' \
    tool.out
  grep -E '^PASS +share.fairness >= 0.99' tool.out
  assert "$(valid share.json)" = ""
  assert "$(jq -c '.shares[] | [.members, .served, .min, .median, .max,
    .fairness == 1]' share.json)" = '[4,[4,50],50,50,50,true]'
  grep -F "$(printf '<td class=v>%s</td>' 4 50 50 50 1.000)" share.html
  # Where nobody got anything it is as unknown as in JSON.
  jq '.shares[0] |= (.served = [[4,0]] | del(.fairness))' share.json > none.json
  bench report none.json --html none.html
  grep -F 'members got 0 to 0, median 0; fairness -' tool.out
  grep -F "$(printf '<td class=v>%s</td>' 4 0 0 0 –)" none.html
  for i in 1 2; do
    bench run share.yaml --target self --progress none --shard $i/2 \
      --run-id us --json $i.json || true
  done
  bench merge 1.json 2.json --json all.json
  assert "$(jq '.shares | length' all.json)" -eq 1
  # Without such a group there is nothing to be even.
  small_load
  bench run small.yaml --target self --progress none --json small.json
  run_tool 1 mqtt-bench report small.json --require 'share.fairness > 0' ||
    assert "$status" -eq 13
}

@test "shards become one result that knows what was lost" {
  local i pids=()
  start_broker
  small_load
  for i in 1 2; do
    load_small "s$i.json" --shard "$i/2" --run-id r --start-at +3s \
      --title shards 3>&- &
    pids+=($!)
  done
  wait "${pids[@]}"
  for i in 1 2; do
    # What was lost is left to all of them together.
    assert "$(jq -c '[.shard, .merged, .requirements[0].holds]' "s$i.json")" = \
      "[$((i - 1)),false,true]"
  done
  bench merge s1.json s2.json --json all.json
  assert "$(valid all.json)" = ""
  assert "$(jq -c '[.clients, .merged, .counts.lost, .imbalances,
    .requirements[0].holds]' all.json)" = '[4,true,0,null,true]'
  jq -e --slurpfile a s1.json --slurpfile b s2.json '
    .timings.e2e.count == $a[0].timings.e2e.count + $b[0].timings.e2e.count
    and .counts.unique == .counts.sent' all.json

  # One delivery that the second shard never got.
  jq '.tallies[0] |= (.unique[-1] -= 1 | .settled[-1] -= 1) | .counts.unique -= 1
    | .counts.received -= 1 | .counts.expected -= 1' s2.json > less.json
  status=0
  mqtt-bench merge s1.json less.json --json lost.json > tool.out 2>&1 ||
    status=$?
  [[ $status = 1 || $status = 13 ]]
  assert "$(jq .counts.lost lost.json)" = 1

  run_tool 2 mqtt-bench merge s1.json s1.json
  assert "$stderr" =~ "'s1.json' and 's1.json' are both shard 1 of 2"
  jq '.run = "0123456789abcdef"' s2.json > other.json
  run_tool 2 mqtt-bench merge s1.json other.json
  assert "$stderr" =~ "'other.json' is of another run than 's1.json'"
  status=0
  mqtt-bench merge s2.json --json half.json > tool.out 2>&1 || status=$?
  [[ $status != 0 ]]
  assert "$(jq -r .partial half.json)" = "of 2 shards, 1 is missing: 1"
  assert "$(jq .requirements[0].holds half.json)" = false
}

@test "what must hold says so by the exit status, and no data does not" {
  start_broker
  small_load
  run_tool 2 mqtt-bench run ./small.yaml --require 'e2e.p99 < 20'
  assert "$stderr" =~ "option '--require': requirement 'e2e.p99 < 20': '20' needs a unit"
  status=0
  mqtt-bench run ./small.yaml --target "mqtt://127.0.0.1:$PORT" \
    --progress none --json r.json --require 'e2e.p50 < 1ns' \
    --require 'e2e.p50 < 20us tolerance 1000000%' \
    --require 'rtt.echo.p50 < 1h' --require 'rate.in >= 50%' \
    --require 'e2e.p99.99 < 1h' > tool.out 2>&1 || status=$?
  [[ $status = 1 || $status = 13 ]]
  assert "$(jq -c '[.requirements[].holds]' r.json)" = \
    '[true,false,true,false,true,false]'
  assert "$(< tool.out)" =~ "rtt.echo.p50 has no data: nothing of it"
  assert "$(< tool.out)" =~ "e2e.p99.99 has no data: too few messages"
}

# curl would be a package more for one line.
get() { # PATH [HOST]
  exec 7<> "/dev/tcp/${2:-::1}/$metrics_port" || return
  printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&7
  cat <&7
  exec 7>&-
}

sends() {
  get /metrics > metrics.txt 2> metrics.err &&
    grep -q 'phase="measure"} 1' metrics.txt
}

# What the text format wants: HELP, TYPE and samples of a family together,
# each series once, counters by their name, summaries whole, numbers.
strict() { # FILE
  awk '
    function bad(why) { print why ": " $0; exit 1 }
    /^# HELP/ { if ($3 in help || NF < 4) bad("HELP"); help[$3] = 1
      family = $3; type = ""; next }
    /^# TYPE/ { if ($3 != family || type != "" || NF != 4) bad("TYPE")
      type = $4; types[family] = type
      if ((type == "counter") != (family ~ /_total$/)) bad("counter")
      if (type !~ /^(counter|gauge|summary)$/) bad("type"); next }
    /^#/ { bad("comment") }
    { name = $1; sub(/\{.*/, "", name)
      if (NF != 2 || $2 !~ /^-?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?$/) bad("value")
      if ($1 in series) bad("twice"); series[$1] = 1; lines++
      if ($1 !~ /^mqtt_bench_[a-z0-9_]+(\{[a-z]+="[a-z0-9._-]+"\})?$/)
        bad("name")
      if (type == "") bad("no TYPE")
      if (type == "summary" && name != family) {
        if (name != family "_sum" && name != family "_count") bad("summary")
        whole[name] = 1 }
      else if (name != family) bad("family") }
    END { for (f in types) if (types[f] == "summary" &&
            !((f "_sum") in whole && (f "_count") in whole)) bad("not whole " f)
      if (lines < 40) bad("few") }' "$1"
}

@test "--metrics serves the figures while it runs" {
  start_broker
  small_load
  metrics_port=$(free_port)
  start run mqtt-bench run ./small.yaml --target "mqtt://127.0.0.1:$PORT" \
    --duration 20s --json run.json --progress none --metrics "[::1]:$metrics_port"
  wait_for 15 sends
  head -1 metrics.txt | grep -q ' 200 '
  grep -qi '^Content-Type: text/plain; version=0.0.4' metrics.txt
  tr -d '\r' < metrics.txt | sed '1,/^$/d' > body.txt
  assert "$(strict body.txt)" = ""
  assert "$(sed 's/_count /_cnt /' body.txt > odd.txt; strict odd.txt)" =~ summary
  assert "$(grep -c 'event="sent"' body.txt)" = 1
  assert "$(grep '^mqtt_bench_connected_clients' body.txt)" = \
    "mqtt_bench_connected_clients 4"
  assert "$(get /other | head -1)" =~ 404
  run ! get / 127.0.0.1
  kill -INT "$(job_pid run)"
  finish run 130
  # A port alone is at 127.0.0.1.
  metrics_port=$(free_port)
  start run mqtt-bench run ./small.yaml --target "mqtt://127.0.0.1:$PORT" \
    --duration 20s --progress none --metrics "$metrics_port"
  wait_for 15 get /metrics 127.0.0.1
  run ! get / ::1
  kill -INT "$(job_pid run)"
  finish run 130
  run_tool 2 mqtt-bench run ./small.yaml --target "mqtt://127.0.0.1:$PORT" \
    --metrics x:1:2
  assert "$stderr" =~ "option '--metrics'"
}

# What a run, a search and a self-test all say before they do anything.
unwritable() { # OPTION FILE ERROR
  local command
  for command in "pub -t a --target mqtt://127.0.0.1:1" \
    "search --target mqtt://127.0.0.1:1 --require sent>0" selftest; do
    case $command:$1 in
      search*:--h* | selftest:--h*) continue ;;
    esac
    # shellcheck disable=SC2086
    run_tool 12 mqtt-bench $command "$1" "$2"
    assert "$output" = ""
    assert "$stderr" = "mqtt-bench: option '$1': $3"
  done
}

@test "files that cannot be written are told before the first connect" {
  mkdir dir
  for kind in json html ndjson; do
    unwritable --$kind no/r "cannot create 'no/r': No such file or directory"
    unwritable --$kind dir "cannot open 'dir': Is a directory"
  done
  unwritable --hgrm no/r \
    "cannot create 'no/r.e2e.hgrm': No such file or directory"
  unwritable --json /dev/null/r \
    "cannot create '/dev/null/r': Not a directory"
  assert "$(find dir . -name dir -o -name 'r*' -o -name '*.??????')" = \
    $'dir\n./dir'
}

# Root may write everything, so it has to be somebody else.  The program and
# the directory have relative names: where they are not everybody may look.
@test "so are files that nobody gave us permission to write" {
  local option file before unprivileged=()
  [ "$(id -u)" -ne 0 ] ||
    unprivileged=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  start_broker
  cp "$TOOLS_DIR/mqtt-bench" .
  mkdir -m 755 locked open
  mkdir -m 777 free
  chmod 755 .
  for file in locked/old.e2e.hgrm locked/old free/old.e2e.hgrm free/old; do
    echo old > "$file"
  done
  chmod 444 free/old*
  [ "$(id -u)" -eq 0 ] || chmod 555 locked
  export HOME=/nonexistent
  before=$(grep -c 'New connection from' broker.err)
  denied() { # OPTION FILE ERROR
    run_tool 12 "${unprivileged[@]}" ./mqtt-bench pub -t a -c 1 --duration 1 \
      --target "mqtt://127.0.0.1:$PORT" "$1" "$2"
    assert "$output" = ""
    assert "$stderr" = "mqtt-bench: option '$1': $3: Permission denied"
  }
  for option in json html ndjson; do
    denied --$option locked/new "cannot create 'locked/new'"
    denied --$option free/old "cannot open 'free/old'"
  done
  denied --hgrm locked/new "cannot create 'locked/new.e2e.hgrm'"
  denied --hgrm free/old "cannot open 'free/old.e2e.hgrm'"
  assert "$(cat ./*/old*)" = $'old\nold\nold\nold'
  assert "$(ls locked free)" = \
    $'free:\nold\nold.e2e.hgrm\n\nlocked:\nold\nold.e2e.hgrm'
  # Whoever looked for its port was the last one.
  assert "$(grep -c 'New connection from' broker.err)" -eq "$before"
  # Where it may, it does.
  run_tool "${unprivileged[@]}" ./mqtt-bench pub -t a -c 1 -q 1 --rate 10 \
    --duration 1 --target "mqtt://127.0.0.1:$PORT" --json free/new ||
    assert "$status" -eq 13
  assert "$(jq .counts.acked free/new)" -eq 10
  chmod 755 locked
}

@test "two outputs of one file are refused before the first connect" {
  local pair
  mkdir dir
  echo old > there
  ln there hard
  ln -s ../there dir/soft
  ln -s not-yet dangling
  mkfifo pipe
  for pair in "--json x --ndjson x" "--html ./x --json x" \
    "--ndjson dir/../x --html $PWD/x" "--json there --ndjson hard" \
    "--json there --html dir/soft" "--ndjson dangling --json not-yet" \
    "--hgrm h --json ./h.conn.total.hgrm" "--json pipe --ndjson pipe"; do
    # shellcheck disable=SC2086
    run_tool 2 mqtt-bench pub -t a --target mqtt://127.0.0.1:1 $pair
    assert "$output" = ""
    assert "$stderr" =~ ^"mqtt-bench: options '--"[a-z]+"' and '--"[a-z]+"' \
cannot have the same file: '"[^$'\n']*$
  done
  assert "$stderr" = "mqtt-bench: options '--json' and '--ndjson' cannot have \
the same file: 'pipe' and 'pipe'"
  run_tool 2 mqtt-bench pub -t a --target mqtt://127.0.0.1:1 --json - --ndjson -
  assert "$stderr" = "mqtt-bench: options '--json' and '--ndjson' cannot both \
have standard output"
  # What the shell made standard output of.
  run_tool 2 bash -c 'mqtt-bench pub -t a --target mqtt://127.0.0.1:1 --json - \
    --ndjson x > x'
  assert "$stderr" =~ "cannot have the same file: '-' and 'x'"
  run_tool 2 mqtt-bench report none --json a --html a
  assert "$(< there)" = old
  # Other names are other files, and a device keeps nothing.
  run_tool 4 mqtt-bench pub -t a --target mqtt://127.0.0.1:1 -c 1 --json x \
    --html y --ndjson z --hgrm x
  run_tool 4 mqtt-bench pub -t a --target mqtt://127.0.0.1:1 -c 1 \
    --json /dev/null --html /dev/null --ndjson /dev/null
}

@test "files of a run that did not begin are as they were" {
  echo old > old
  run_tool 2 mqtt-bench run nothing --target mqtt://127.0.0.1:1 \
    --json old --html new.html --hgrm new --ndjson new.ndjson
  run_tool 2 mqtt-bench pub -t a --target mqtt://127.0.0.1:1 -c 1 \
    --ndjson old --metrics nowhere
  assert "$(< old)" = old
  assert "$(echo new.* ./*.??????)" = "new.* ./*.??????"
}

@test "the intervals of all runs are in one file" {
  echo old > all.ndjson
  bench pub -t a --target self -c 1 -q 1 --rate 100 --duration 0.5 --repeat 2 \
    --ndjson all.ndjson --progress none
  assert "$(jq -s 'map(.sent) | add' all.ndjson)" = 100
  grep -E ' [24] threads of all runs, the busiest' tool.out
}

# What has no room for a time is said, not left out.
@test "messages without room for a header, or for when they left, are told" {
  local size
  for size in 15 16 21 22; do
    cat > gap.yaml << EOF
name: gap
phases: {measure: 500ms, drain: 2s}
groups:
  - {name: s, clients: 1, subscribe: [{filter: a/#, qos: 1}]}
  - name: p
    clients: 1
    publish:
      - {topic: a/1, qos: 1, rate: 50/s, size: $size}
      - {topic: a/2, qos: 1, rate: 50/s, size: $size}
EOF
    bench run ./gap.yaml --target self --progress none --json gap.$size.json \
      --html gap.html
    cp tool.out gap.$size
    assert "$(valid gap.$size.json)" = ""
  done
  grep -Fx "  e2e is not measured: no message has a header (16 bytes)" gap.15
  assert "$(grep -c e2e.raw gap.15)" = 0
  for size in 16 21; do
    grep -F "e2e.raw is not measured: no message has the time it left" gap.$size
    assert "$(jq 'has("raw_gap"), has("e2e_gap")' gap.$size.json)" = \
      $'true\nfalse'
  done
  assert "$(grep -c 'is not measured' gap.22)" = 0
  # After a merge, and where some of them have it.
  sed -i 's/, size: 22}$/, size: 16}/;0,/size: 16/s//size: 64/' gap.yaml
  for i in 1 2; do
    bench run ./gap.yaml --target self --progress none --shard $i/2 \
      --run-id us --json $i.json
  done
  bench merge 1.json 2.json --html gap.html
  grep -F "e2e.raw is not of all messages: of 2 kinds of messages, 1 is without the time it left" tool.out
  grep -F "<p>e2e.raw is not of all messages: of 2 kinds" gap.html
}

# Texts of others do not drive the terminal, and files have them as they are.
@test "control characters are shown as what they are" {
  cat > escape.yaml << 'EOF'
name: "a\e[31mb\nc"
description: "d\e]0;owned\ae"
phases: {measure: 1s}
groups:
  - {name: "g\e[2J", clients: 1, publish: [{topic: t, size: 22, rate: 9/s}]}
EOF
  bench run ./escape.yaml --target self --plan
  assert "$(grep -c $'\e' tool.out)" = 0
  grep -Fx 'a\x1B[31mb\x0Ac: d\x1B]0;owned\x07e' tool.out
  grep '^g\\x1B\[2J *1 clients' tool.out
  bench validate escape.yaml
  grep -Fx 'escape.yaml: a\x1B[31mb\x0Ac is in order' tool.out
  bench run ./escape.yaml --target self --progress live --json escape.json \
    --html escape.html
  cp tool.out text
  assert "$(grep -c $'\e' text)" = 0
  grep -F 'a\x1B[31mb\x0Ac (against the peer' text
  grep '^g\\x1B\[2J *1 clients' text
  grep -F 'a\x1B[31mb' tool.err
  assert "$(grep -c $'\e\[31m' tool.err)" = 0
  assert "$(jq -r .scenario escape.json)" = $'a\e[31mb\nc'
  assert "$(grep -c $'\e' escape.html)" = 0
}
