# SPDX-License-Identifier: MIT
# mqtt-bench: its commands and options, and that it does what they say, with
# a real mosquitto. The scenarios are in 91, unhappy ends in 92.
#
# On a machine that is busy with other things a run may turn out not valid:
# that is the truth and not for these tests to judge, which look at counts.

load helper/helpers

# bench [ARGUMENT...]: a run against $PORT, its result in result.json.
bench() {
  status=0
  mqtt-bench "$@" --json result.json --progress none > tool.out 2> tool.err ||
    status=$?
  cat tool.out tool.err
  [[ $status = 0 || $status = 13 ]] || die "exit status $status"
  assert "$(field .imbalances)" = null "the books do not balance"
}

field() {
  jq -r "$1" "${2:-result.json}"
}

# --- scenarios as texts --------------------------------------------------------

@test "list, show and validate agree" {
  local name
  run_tool mqtt-bench list
  assert "$(wc -l <<< "$output")" -ge 37
  assert "$output" =~ "p2p-50K-50K-50K-50K "
  while read -r name _; do
    mqtt-bench show "$name" > "$name.yaml"
  done <<< "$output"
  run_tool mqtt-bench validate ./*.yaml
  assert "$stderr" = ""
  run_tool 2 mqtt-bench show p2p-1K-1K-1K
  assert "$stderr" = "mqtt-bench: there is no scenario 'p2p-1K-1K-1K', did you mean 'p2p-1K-1K-1K-1K'?"
}

@test "validate tells file, line and column" {
  printf '%s\n' 'name: x' 'groups:' '  - name: a' '    clients: 3' \
    '    publish: [{topic: t, rate: 5/x}]' > bad.yaml
  printf '%s\n' 'name: y' 'gruops: []' > worse.yaml
  run_tool 2 mqtt-bench validate bad.yaml worse.yaml
  assert "${stderr%%$'\n'*}" = "mqtt-bench: bad.yaml:5:32: groups[0].publish[0].rate: '5/x' is not a rate such as 5/s, 20k/s or 10/min"
  assert "$stderr" =~ "worse.yaml:2:".*"did you mean 'groups'?"
}

@test "no command, an unknown one, and options that do not belong" {
  run_tool 2 mqtt-bench
  assert "$stderr" =~ "a command is missing"
  run_tool 2 mqtt-bench rum
  assert "$stderr" =~ "did you mean 'run'?"
  run_tool 2 mqtt-bench conn --server 127.0.0.1:1 --server-order random
  assert "$stderr" =~ "option '--server-order' is one of mqtt-pub, not of mqtt-bench"
  run_tool 2 mqtt-bench run burst -t a --target mqtt://127.0.0.1:1
  assert "$stderr" =~ "--topic is for conn, pub and sub"
  run_tool 2 mqtt-bench pub --target mqtt://127.0.0.1:1 -t 'a/%y'
  assert "$stderr" =~ "option '--topic': ".*"%y"
  run_tool 2 mqtt-bench pub --target mqtt://127.0.0.1:1 -t a --rate fast
  assert "$stderr" =~ "option '--rate': 'fast'"
  run_tool 2 mqtt-bench pub --target mqtt://127.0.0.1:1 -t a --rate 0
  assert "$stderr" =~ "option '--rate': expected more than 0"
  run_tool 2 mqtt-bench pub --target mqtt://127.0.0.1:1 -t 'a/#'
  assert "$stderr" =~ "option '--topic': 'a/#' contains a wildcard"
  run_tool 2 mqtt-bench conn --target mqtt://127.0.0.1:1 --title $'caf\xe9'
  assert "$stderr" =~ "option '--title': ".*" is not UTF-8 text"
  run_tool 2 mqtt-bench pub --target mqtt://127.0.0.1:1 -t a -m b -s 3
  assert "$stderr" =~ "expected one of --size, --message and --payload-file"
  run_tool 2 mqtt-bench conn --target mqtt://127.0.0.1:1 --broker-pid 2147483647
  assert "$stderr" =~ "option '--broker-pid': there is no process 2147483647"
  run_tool 12 mqtt-bench pub --target mqtt://127.0.0.1:1 -t a --payload-file no
  assert "$stderr" =~ "option '--payload-file': cannot open 'no'"
  run_tool 2 mqtt-bench run request-reply -V 311 --target mqtt://127.0.0.1:1
  assert "$stderr" =~ "needs MQTT 5 for 'respond'"
}

# --- where the load goes -------------------------------------------------------

@test "the target is named where the load is asked for, or nowhere" {
  start_broker
  mkdir -p .config/mqtt-tools
  printf 'default:\n  host: 127.0.0.1\n  port: %s\n' "$PORT" \
    > .config/mqtt-tools/profiles.yaml
  MQTT_TOOLS_HOST=127.0.0.1 MQTT_TOOLS_PORT=$PORT \
    run_tool 2 mqtt-bench conn -c 1
  assert "$stderr" =~ "no target: ".*"--target self"
  assert "$(grep -c 'New client connected' broker.err)" -eq 0
  # A part of the place does not get its rest from there.
  local other
  other=$(free_port)
  for name in HOST=127.0.0.9 "URL=mqtt://127.0.0.9:$other" \
    "SERVER=127.0.0.9:$other" UNIX=/nowhere; do
    run_tool env MQTT_TOOLS_"$name" mqtt-bench conn -c 1 -p "$PORT" --plan
    assert "$output" =~ "in all"
    run_tool env MQTT_TOOLS_"$name" mqtt-bench conn -p "$PORT" --show-config
    assert "$output" =~ "host: localhost  # default"
    assert "$output" !~ "127.0.0.9"
  done
  MQTT_TOOLS_PORT=$PORT run_tool 4 mqtt-bench conn -c 1 --target mqtt://127.0.0.8
  assert "$stderr" =~ "127.0.0.8:1883"
  printf 'default: {host: 127.0.0.9, port: %s}\n' "$PORT" \
    > .config/mqtt-tools/profiles.yaml
  MQTT_TOOLS_HOST=127.0.0.9 bench conn -c 1 -p "$PORT" --duration 0.1
  assert "$(grep -c 'New client connected' broker.err)" -gt 0
  # A profile that is asked for is another matter.
  printf 'default: {host: 127.0.0.1, port: %s}\n' "$PORT" \
    > .config/mqtt-tools/profiles.yaml
  bench conn -c 1 --profile default --duration 0.1
  printf '%s\n' 'name: x' "targets: ['mqtt://127.0.0.1:$PORT']" \
    'groups: [{name: a, clients: 2}]' > x.yaml
  bench run x.yaml --duration 0.1
  assert "$(field .counts.connected)" -eq 2
}

@test "a name is looked up before the run, and several brokers share it" {
  start_broker
  local first=$PORT
  BROKER=other start_broker
  bench conn -h localhost -p "$first" -c 4 --duration 0.1
  assert "$(field '.timings["conn.dns"].count')" -eq 1
  bench conn --target "mqtt://localhost:$first" \
    --target "mqtt://127.0.0.1:$PORT" -c 10 --duration 0.1
  assert "$(grep -c 'New client connected' other.err)" -eq 5
  bench conn -h 127.0.0.1,127.0.0.1 -p "$PORT" -c 2 --duration 0.1
  run_tool 3 mqtt-bench conn --target mqtt://no-such-host.invalid -c 1
  run_tool 4 mqtt-bench conn --target mqtt://127.0.0.1:1 -c 1
}

@test "a group may have targets of its own, by another transport" {
  local ws
  ws=$(free_port)
  start_broker "listener $ws 127.0.0.1" 'protocol websockets' \
    'allow_anonymous true'
  BROKER=other start_broker
  cat > two.yaml << END
name: two
targets: ['mqtt://127.0.0.1:$PORT']
phases: {measure: 300ms}
groups:
  - {name: common, clients: 2}
  - {name: web, clients: 3, targets: ['ws://127.0.0.1:$ws']}
END
  bench run two.yaml
  assert "$(field .counts.connected)" -eq 5
  assert "$(field '.timings["conn.ws"].count')" -eq 3
  assert "$(grep -c 'connected from.* as bench-common' other.err)" -eq 2
  assert "$(grep -c 'connected from.* as bench-web' broker.err)" -eq 3
  assert "$(field .settings.web)" =~ "1 target of its own"
  bench run two.yaml --target "mqtt://127.0.0.1:$PORT"
  assert "$(grep -c 'connected from.* as bench-web' other.err)" -eq 3
  sed -i /^targets/d two.yaml
  run_tool 2 mqtt-bench run two.yaml
  assert "$stderr" =~ "no target: "
}

@test "--plan tells when it ends" {
  local pub=(mqtt-bench pub --target self -t a -c 1 --plan)
  run_tool "${pub[@]}" -L 50 -I 200 --duration 0
  assert "$output" =~ "then until all is sent"
  assert "$output" =~ "in all       50 messages sent and 0 delivered, after "
  run_tool "${pub[@]}" -L 50 -I 200 --duration 5
  assert "$output" =~ "in all       25 messages sent and 0 delivered in 5 s, after "
  run_tool "${pub[@]}" --duration 0
  assert "$output" =~ "then until it is stopped"
  assert "$output" =~ "in all       until it is stopped, after "
  run_tool mqtt-bench conn --target self -c 1 --duration 5 --plan
  assert "$output" =~ "in all       5 s, after "
}

@test "heavy load needs a word from the owner" {
  run_tool 2 mqtt-bench conn -c 101 --target mqtt://203.0.113.1
  assert "$stderr" =~ "101 clients are more than 100".*"--i-own-this-broker"
  run_tool 2 mqtt-bench pub -c 1 -t a --target mqtt://203.0.113.1
  assert "$stderr" =~ "as fast as it goes".*"--i-own-this-broker"
  run_tool 2 mqtt-bench pub -c 1 -t a --rate 2k/s --target 'mqtt://[2001:db8::1]'
  assert "$stderr" =~ "more than 1 k/s"
  run_tool mqtt-bench conn -c 101 --target mqtt://203.0.113.1 --plan \
    --i-own-this-broker
  run_tool mqtt-bench conn -c 101 --target mqtt://192.168.3.4 --plan
}

@test "options that a command would not heed are refused" {
  local option
  for option in '-L 5' '-s 77' '-m x' '--arrival poisson' '-F 3' -r; do
    # shellcheck disable=SC2086
    run_tool 2 mqtt-bench sub -t t $option --target mqtt://127.0.0.1:1
    assert "$stderr" =~ "'sub' has no use for --"
  done
  run_tool 2 mqtt-bench conn -q 1 --target mqtt://127.0.0.1:1
  assert "$stderr" =~ "'conn' has no use for --qos"
  run_tool 2 mqtt-bench conn -t t --target mqtt://127.0.0.1:1
  assert "$stderr" =~ "'conn' has no use for --topic"
  # What would be ignored is refused: --plan of all things.
  for option in 'search --plan' 'search --html=x' 'compare --json=x' \
    'selftest --html=x' 'report --rate=1' 'merge --metrics=1' 'list --json=x' \
    'run --to=1'; do
    # shellcheck disable=SC2086
    run_tool 2 mqtt-bench $option
    option=${option%=*}
    assert "$stderr" = \
      "mqtt-bench: '${option% *}' has no use for ${option#* }"
  done
}

# --- what is sent --------------------------------------------------------------

@test "--plan prints the rate of all and of each, and sends nothing" {
  run_tool mqtt-bench pub -t a/%i -c 50 --rate 1000/s --duration 10 \
    --target mqtt://127.0.0.1:1 --plan
  assert "$output" =~ "1.00 k/s in all, 20/s each"
  assert "$output" =~ "10000 messages sent and 0 delivered in 10 s, after 0.05 s"
  run_tool mqtt-bench pub -t a/%i -t b/%i -c 50 --rate-per-client 20/s \
    --target mqtt://127.0.0.1:1 --plan
  assert "$output" =~ "1.00 k/s in "
  run_tool mqtt-bench run p2p-1K-1K-1K-1K --scale 0.1 --rate 400/s \
    --target mqtt://127.0.0.1:1 --plan
  assert "$output" =~ "400/s in all, 4/s each"
  assert "$output" =~ "264 descriptors"
}

@test "a light load gets one thread, a heavy or bursty one more" {
  local threads several=$(($(nproc) > 1 ? 2 : 1))
  planned() { # OPTION...
    run_tool mqtt-bench pub -c 1000 -t a --target mqtt://127.0.0.1:1 --plan \
      "$@"
    assert "$output" =~ '1 process with ([0-9]+) thread'
    threads=${BASH_REMATCH[1]}
  }
  planned --rate 20000/s
  assert "$threads" = 1
  planned --rate 20000/s --threads 3
  assert "$threads" = 3
  planned --rate 60000/s
  assert "$threads" -ge "$several"
  planned --rate 20000/s --phase aligned
  assert "$threads" -ge "$several"
  planned
  assert "$threads" -ge "$several"
}

@test "--plan of what cannot be done: the plan, and what to type" {
  local target=(--target mqtt://10.0.0.1 --plan)
  run_tool 4 mqtt-bench conn -c 1000000 "${target[@]}"
  assert "$output" =~ "1000064 descriptors, 1000000 local ports, ".*" of memory"
  assert "$output" =~ "after 1000 s of connecting"
  assert "$stderr" =~ "give ".*" addresses of this machine, each with --bind-address"
  # Enough ports are to be had here, so this is what is said first.
  local first last count
  read -r first last < /proc/sys/net/ipv4/ip_local_port_range
  count=$(((last - first + 1) * 95 / 100))
  ((count >= 57000)) || {
    run_tool 4 mqtt-bench conn -c "$count" "${target[@]}"
    assert "$stderr" =~ "type: sysctl -w net.ipv4.ip_local_port_range='1024 65535', or "
  }
  run_tool 4 prlimit --nofile=60:60 mqtt-bench conn -c 100 "${target[@]}"
  assert "$output" =~ "164 descriptors"
  assert "$stderr" =~ "the limit is 60 ".*"type: ulimit -n 65536"
  # Shards do not help the peer, which is one process.
  run_tool 4 prlimit --nofile=200:200 mqtt-bench conn -c 137 --target self
  assert "$stderr" =~ "can hold 136 connections, and not 137: type: ulimit -n 201"
  run_tool 12 mqtt-bench conn -c 10000000 --target mqtts://127.0.0.1 --plan
  assert "$output" =~ "715 source addresses"
  [[ $stderr =~ 'add --scale '(0[.0-9]+) ]]
  run_tool mqtt-bench conn -c 10000000 --target mqtts://127.0.0.1 --plan \
    --scale "${BASH_REMATCH[1]}"
  run_tool 2 mqtt-bench conn -c 101 --target mqtt://203.0.113.1 --plan
  assert "$output" =~ "101 clients"
  assert "$stderr" =~ "--i-own-this-broker"
  # No shard of a heavy load is a light one.
  run_tool 2 mqtt-bench conn -c 101 --target mqtt://203.0.113.1 --plan \
    --shard 1/2 --start-at +5
  # Unix sockets have no ports to run out of.
  run_tool mqtt-bench conn -c 70000 --unix ./none --plan
  assert "$output" =~ " 0 local ports"
}

@test "letters of other generators: pub" {
  start_broker
  start sub mqtt-sub -p "$PORT" -t 'x/#' -q 1 -F '%t %l %q' -C 40
  wait_for 10 subscribed 'x/#'
  bench pub -h 127.0.0.1 -p "$PORT" -V 4 -c 4 -R 100 -I 20 -t x/%i/%c \
    -s 77 -q 1 -L 40 -F 5 -k 30 --id dev%i
  finish sub
  assert "$(sort -u <<< "$output")" = "$(printf 'x/%s/dev%s 77 1\n' \
    1 1 2 2 3 3 4 4)"
  assert "$(field .counts.acked)" -eq 40
  assert "$(field .asked)" != 0
  assert "$(grep -c 'p2, c1, k30' broker.err)" -ge 4
  # Topics share the messages, also when there are not enough of these.
  bench pub -h 127.0.0.1 -p "$PORT" -c 1 -t a -t b -t c -q 1 -L 2
  assert "$(field .counts.acked)" -eq 2
}

@test "sub counts and times what others publish, by the run's name" {
  start_broker
  start listener mqtt-bench sub --target "mqtt://127.0.0.1:$PORT" -c 3 -t 'y/#' -q 1 --run-id us \
    --duration 30 --json heard.json
  wait_for 10 grep -q 'measure ' listener.err
  bench pub --target "mqtt://127.0.0.1:$PORT" -c 2 -t y/%i -q 1 --rate 50/s --duration 2 --run-id us
  kill -INT "$(job_pid listener)"
  finish listener 130
  assert "$(field .counts.unmarked heard.json)" -eq \
    $((3 * $(field .counts.acked)))
  assert "$(field '.timings.e2e.count' heard.json)" -gt 100
  assert "$(field '.timings.e2e.max < 1e9' heard.json)" = true
}

# The headers of all messages: publisher, number, intended time since the
# first, sorted.
schedule() { # NAME OPTION...
  local name=$1 line begin
  shift
  start "$name" mqtt-sub -p "$PORT" -t 's/#' -F %x -C 200
  wait_for 10 subscribed 's/#'
  bench pub --target "mqtt://127.0.0.1:$PORT" -c 5 -t s/%i -q 1 -s 16 --arrival poisson \
    --rate 200/s -L 200 "$@"
  finish "$name"
  sort -k 1.21 "$name.out" > "$name.sorted"
  read -r line < "$name.sorted"
  begin=$((16#${line:20}))
  while read -r line; do
    echo "${line:4:6} ${line:10:10} $((16#${line:20} - begin))"
  done < "$name.sorted" > "$name.schedule"
}

@test "one seed, one schedule" {
  start_broker
  schedule one --seed 7
  : > broker.err
  schedule two --seed 7
  : > broker.err
  schedule three --seed 8
  assert "$(wc -l < one.schedule)" -eq 200
  assert_files_equal one.schedule two.schedule
  run_tool 1 cmp -s one.schedule three.schedule
}

@test "payloads: template, file, header in a field" {
  start_broker
  printf 'from a file' > body
  start sub mqtt-sub -p "$PORT" -t 'p/#' -F '%t %p' -C 6
  wait_for 10 subscribed 'p/#'
  bench pub --target "mqtt://127.0.0.1:$PORT" -c 1 -t p/t -q 1 -L 2 --rate 100 \
    -m '{"n":%n,"h":"%h"}' --header field:h
  bench pub --target "mqtt://127.0.0.1:$PORT" -c 1 -t p/f -q 1 -L 2 --rate 100 --payload-file body
  bench pub --target "mqtt://127.0.0.1:$PORT" -c 1 -t p/s -q 1 -L 2 --rate 100 -s 20-30
  finish sub
  grep -qE '^p/t \{"n":2,"h":"[0-9a-f]{32}"\}$' <<< "$output"
  assert "$(grep -c 'p/f from a file' <<< "$output")" -eq 2
}

@test "groups: identities from CSV, wills, user names, shared subscriptions" {
  start_broker
  printf '%s\n' id,username,place 'lamp-1,"ann, b",kitchen' \
    lamp-2,bob,cellar lamp-3,cy,attic > people.csv
  cat > home.yaml << END
name: home
phases: {measure: 1s, drain: 10s}
require: [lost == 0, unique == 30]
groups:
  - name: lamp
    clients: 3
    clients-from: people.csv
    will: {topic: gone/%c, payload: bye, qos: 1}
    publish: [{topic: 'home/%{place}', qos: 1, rate: 10/s}]
  - name: hub
    clients: 2
    subscribe: [{filter: '\$share/hubs/home/#', qos: 1}]
END
  bench run home.yaml --target "mqtt://127.0.0.1:$PORT"
  assert "$(field '[.requirements[].holds] | all')" = true
  grep -q "as lamp-1 (p5, c1, k60, u'ann, b')" broker.err
  assert "$(grep -c 'Sending PUBLISH.*home/cellar' broker.err)" -eq 10
  # A line that only more clients would come to is checked as well.
  printf 'lamp-4,dan,+\n' >> people.csv
  run_tool 2 mqtt-bench validate home.yaml
  assert "$stderr" =~ "'home/.' contains a wildcard .* .people.csv:5."
  sed -i '$d' people.csv
  # Nobody is two clients.
  run_tool 2 mqtt-bench run home.yaml --scale 2 --target mqtt://127.0.0.1:1
  assert "$stderr" =~ "group 'lamp' has 6 clients now, and 'people.csv'"
  run_tool 2 mqtt-bench search home.yaml --vary connections --from 50 \
    --require 'lost == 0' --target mqtt://127.0.0.1:1
  assert "$stderr" =~ "group 'lamp' has 30 clients now, and 'people.csv'"
}

@test "a share group that a column names is one receiver, too" {
  start_broker
  printf '%s\n' id,team a,red b,blue c,red d,blue > teams.csv
  cat > teams.yaml << END
name: teams
phases: {measure: 500ms, drain: 10s}
groups:
  - name: player
    clients: 4
    clients-from: teams.csv
    subscribe: [{filter: '\$share/%{team}/ball', qos: 1}]
  - {name: pub, clients: 1, publish: [{topic: ball, qos: 1, rate: 40/s}]}
END
  bench run teams.yaml --target "mqtt://127.0.0.1:$PORT"
  assert "$(field .counts.sent)" -gt 10
  assert "$(field '.counts | .unique == 2 * .sent and .lost == 0')" = true
}

@test "stages: a ramp, a hold, a spike and silence" {
  start_broker
  cat > ramp.yaml << END
name: ramp
phases: {drain: 5s}
stages:
  - {stage: ramp, to: 200%, for: 1s}
  - {stage: hold, for: 1s}
  - {stage: step, to: 0%, for: 1s}
  - {stage: spike, to: 300%, for: 1s}
groups:
  - {name: pub, clients: 5, publish: [{topic: r/%i, rate: 20/s}]}
END
  bench run ramp.yaml --target "mqtt://127.0.0.1:$PORT"
  # 150 + 200 + 0 + what a spike to 300 % is in the plan
  run_tool mqtt-bench run ramp.yaml --target "mqtt://127.0.0.1:$PORT" --plan
  [[ $output =~ in\ all\ +([0-9]+)\ messages ]]
  assert "$(field .counts.sent)" -ge $((BASH_REMATCH[1] - 5))
  assert "$(field .counts.sent)" -le $((BASH_REMATCH[1] + 5))
  assert "$(field '.measured | round')" -eq 4
}

# --- how it is reached ---------------------------------------------------------

@test "TLS, WebSocket, a Unix socket, a password" {
  local tls ws
  tls=$(free_port)
  ws=$(free_port)
  printf 'me:secret\n' > users
  mosquitto_passwd -U users
  start_broker 'per_listener_settings true' "listener $tls 127.0.0.1" \
    'allow_anonymous false' "password_file $PWD/users" \
    "certfile $CERTS/server.crt" "keyfile $CERTS/server.key" \
    "listener $ws 127.0.0.1" 'protocol websockets' 'allow_anonymous true'
  bench pub --target "mqtts://localhost:$tls" --tls-ca "$CERTS/ca.crt" \
    -u me -P secret -c 3 -t t/%i -q 1 -L 30 --rate 300
  assert "$(field .counts.acked)" -eq 30
  assert "$(field '.timings["conn.tls"].count')" -eq 3
  run_tool 8 mqtt-bench conn --target "mqtts://localhost:$tls" \
    --tls-ca "$CERTS/ca.crt" -u me -P wrong -c 1
  run_tool 5 mqtt-bench conn --target "mqtts://localhost:$tls" -c 1
  bench pub --target "ws://127.0.0.1:$ws" -V 311 -c 3 -t t/%i -q 2 -L 30 \
    --rate 300
  assert "$(field .counts.acked)" -eq 30
  assert "$(field '.timings["conn.ws"].count')" -eq 3
  bench pub --target "unix:$SOCKET" -c 1 -t t -q 1 -L 10
  assert "$(field .counts.acked)" -eq 10
}

# limited FILE=NUMBER... -- ARG...: mqtt-bench where files of /proc/sys have
# those numbers, as a user that the limits are for.
limited() {
  local mounts='' file
  while [ "$1" != -- ]; do
    file=${1%%=*}
    echo "${1#*=}" > "${file##*/}"
    mounts+="mount --bind ${file##*/} /proc/sys/$file && "
    shift
  done
  shift
  run_tool 4 unshare --mount sh -c "$mounts"'exec setpriv \
    --bounding-set -sys_admin mqtt-bench "$@" --plan' sh "$@"
}

@test "--plan knows the limits of the whole machine, too" {
  [ "$(id -u)" -eq 0 ] || skip "only root can put other limits in their place"
  limited fs/file-max=5000 fs/file-nr='3000 0 5000' -- conn -c 2000 \
    --target mqtt://10.0.0.1
  assert "$stderr" = "mqtt-bench: 2064 more files would be open, and this \
machine has 3000 of the 5000 that it may have: type: sysctl -w \
fs.file-max=6088"
  # A broker on it has files open, too.
  limited fs/file-max=6000 fs/file-nr='3000 0 6000' -- conn -c 2000 \
    --target mqtt://127.0.0.1
  assert "$stderr" =~ "4064 more files would be open".*"fs.file-max=8088"
}

# A kernel that tracks no connections has no limit to say.
tracks_connections() {
  [ -e /proc/sys/net/netfilter/nf_conntrack_max ]
}

@test "--plan knows how many connections the kernel keeps track of, if it does" {
  local conntrack=net/netfilter/nf_conntrack
  [ "$(id -u)" -eq 0 ] || skip "only root can put other limits in their place"
  if ! tracks_connections; then
    run_tool mqtt-bench conn -c 2000 --target mqtt://10.0.0.1 --plan
    return
  fi
  limited ${conntrack}_max=10000 ${conntrack}_count=9000 -- conn -c 2000 \
    --target mqtt://10.0.0.1
  assert "$stderr" = "mqtt-bench: 2000 connections are more than the kernel \
of this machine keeps track of, 9000 of 10000 by now: type: sysctl -w \
net.netfilter.nf_conntrack_max=12024"
  # Where no rule asks for it nothing is tracked.
  echo 0 > nf_conntrack_count
  run_tool unshare --mount sh -c "mount --bind nf_conntrack_max \
    /proc/sys/${conntrack}_max && mount --bind nf_conntrack_count \
    /proc/sys/${conntrack}_count && exec mqtt-bench conn -c 20000 \
    --target mqtt://10.0.0.1 --plan"
}

# --- what comes out ------------------------------------------------------------

@test "JSON on standard output, NDJSON, .hgrm" {
  start_broker
  run_tool bash -c "mqtt-bench pub --target mqtt://127.0.0.1:$PORT -c 2 -t a/%i -q 1 --rate 200/s \
    --duration 1 --json - --ndjson n.json --hgrm h --progress none |
    jq -r .schema"
  assert "$output" = mqtt-bench/1
  assert "$stderr" =~ "scheduled 200 = sent 200"
  assert "$(jq -s 'map(.sent) | add' n.json)" -eq 200
  grep -q '#\[Mean' h.pub.ack.hgrm
}

@test "a requirement that does not hold is status 1, one that aborts too" {
  start_broker
  run_tool 1 bash -c "mqtt-bench pub --target mqtt://127.0.0.1:$PORT -c 1 -t a -q 1 --rate 50/s \
    --duration 1 --require 'acked < 10' --require 'refused == 0'; s=\$?
    [ \$s != 13 ] || s=1; exit \$s"
  assert "$output" =~ "FAIL  acked < 10"
  assert "$output" =~ "PASS  refused == 0"
  run_tool 2 mqtt-bench pub --target "mqtt://127.0.0.1:$PORT" -c 1 -t a --require 'ackd < 10'
  assert "$stderr" =~ "did you mean"
}

@test "colours are for terminals that know them" {
  mqtt-bench pub --target self -c 1 -t a --rate 9/s --duration 1 \
    --json result.json > /dev/null || test $? -eq 13
  local report='mqtt-bench report result.json || test $? -eq 13'
  TERM=xterm script -qec "$report" /dev/null > coloured
  TERM=dumb script -qec "$report" /dev/null > plain
  TERM=xterm NO_COLOR=1 script -qec "$report" /dev/null > unwanted
  assert "$(grep -c $'\e' coloured)" -gt 5
  assert "$(grep -c $'\e' plain unwanted)" = $'plain:0\nunwanted:0'
  grep -q "^pub (against" plain
}
