#!/bin/bash
# SPDX-License-Identifier: MIT
#
# make bench: our clients against Debian's mosquitto_pub and mosquitto_sub,
# and against the least a client can do (tests/helper/limit.c), in turn
# within one run: figures of such machines move by tens of percent, ratios
# within a run do not.  What counts is what ARRIVED, as the counting peer
# (tests/helper/counter.c) says.  BENCH_QUICK=1 takes a third of the messages,
# BENCH_ROUNDS=N other than 3 rounds, BENCH_ONLY=REGEX some of the cases.
#
# Status 1 when one of ours failed or lost something; a target that is missed
# is only shown.

set -u
cd "${top_builddir:=.}" || exit 2
# shellcheck source=/dev/null
. tests/env

peers=tests/helper
measure=tests/bench/measure
rounds=${BENCH_ROUNDS:-3}
share=$((${BENCH_QUICK:-0} ? 3 : 1))
only=${BENCH_ONLY:-.}
lost=0
tmp=$(mktemp -d "$PWD/tests/bench/run.XXXXXX") || exit 2
counter=
# shellcheck source=tests/bench/tls.sh
. "${top_srcdir:=.}/tests/bench/tls.sh"
# shellcheck source=tests/bench/load.sh
. "$top_srcdir/tests/bench/load.sh"

# shellcheck disable=SC2317
clean_up() {
  [ -z "$counter" ] || kill "$counter" 2> /dev/null
  tls_stop
  rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

stop() {
  echo "bench: $*" >&2
  exit 2
}

for program in mosquitto_pub mosquitto_sub; do
  command -v $program > /dev/null ||
    stop "$program is missing (apt-get install mosquitto-clients)"
done
[ "${SANITIZE:-no}" = no ] || stop "this build has sanitizers in it"

# --- one run ----------------------------------------------------------------

start_counter() { # OPTION...
  rm -f "$tmp/counter"
  "$peers/counter" --deadline 120 "$@" > "$tmp/counter" \
    2> "$tmp/counter_errors" &
  counter=$!
  for _ in {1..500}; do
    port=$(sed -n 's/^port //p' "$tmp/counter" 2> /dev/null)
    [ -z "$port" ] || return 0
    sleep 0.01
  done
  stop "the counting peer did not start: $(cat "$tmp/counter_errors")"
}

finish_counter() { # STATUS of its client
  [ "${1:-0}" -eq 0 ] || kill "$counter"
  wait "$counter"
  counter=
  result=$(grep '^result' "$tmp/counter")
}

# The value of KEY in a line of key=value words.
value() { # KEY LINE
  local word
  for word in $2; do
    [ "${word%%=*}" != "$1" ] || echo "${word#*=}"
  done
}

# A line for table.awk: case, who, rate or time, arrived, asked, ...
note() { # CASE WHO FIGURE ARRIVED ASKED MEASURED
  local status
  status=$(value status "$6")
  [ "$status" -eq 0 ] || {
    echo "bench: $1: $2 ended with $status" >&2
    sed 's/^/  /' "$tmp/errors" >&2
  }
  echo "$1|$2|$3|$4|$5|$(value cpu "$6")|$(value rss_kib "$6")|$status" \
    >> "$tmp/figures"
  [ "$2" = ours ] || return 0
  [ "$status" -eq 0 ] && [ "$4" -eq "$5" ] && return 0
  echo "bench: $1: ours ended with $status, $4 of $5 arrived" >&2
  lost=1
}

# WHO publishes the lines of a file, or, as the limit, as many of that size.
publish() { # CASE WHO LINES FILE CMD...
  local measured
  start_counter --clients 1
  measured=$("$measure" "${@:5}" "$port" < "$4" 2> "$tmp/errors")
  finish_counter "$(value status "$measured")"
  note "$1" "$2" "$(value in_rate "$result")" "$(value received "$result")" \
    "$3" "$measured"
}

# WHO is handed so many messages; they end in /dev/null.
subscribe() { # CASE WHO MESSAGES CMD...
  local measured count=$3
  start_counter --clients 1
  measured=$("$measure" "${@:4}" "$port" 2> "$tmp/errors")
  [ "$(value status "$measured")" = 0 ] || count=0
  finish_counter "$(value status "$measured")"
  note "$1" "$2" "$(value out_rate "$result")" "$count" "$3" "$measured"
}

# --- the cases --------------------------------------------------------------

wanted() {
  [[ $1 =~ $only ]] || return 1
  [ ! -t 2 ] || printf '\r%-40s\r' "$1" >&2
}

# Lines that begin with their number; the first N of them.
lines() { # NAME SIZE N
  awk -v size="$2" -v n="$3" 'BEGIN {
    while (length(fill) < size) fill = fill "abcdefghijklmnopqrstuvwxyz"
    fill = substr(fill, 1, size - 10)
    for (i = 1; i <= n; i++) printf "%010d%s\n", i, fill }' > "$tmp/$1"
}

pub_case() { # SIZE LINES QOS WINDOW DEBIAN OURS LIMIT
  local name="pub -l QoS $3, $1 B${4:+, window $4}" window=${4:-20} round least
  local debian=$5 ours=$(($6 / share)) limit=$(($7 / share))
  wanted "$name" || return 0
  # More and mosquitto_pub -l -q 1 loses messages: packet ids wrap.
  [ "$debian" -eq 58000 ] || debian=$((debian / share))
  [ -e "$tmp/all$1" ] || lines "all$1" "$1" $(($2 / share))
  head -n "$debian" "$tmp/all$1" > "$tmp/debian"
  head -n "$ours" "$tmp/all$1" > "$tmp/ours"
  for ((round = 0; round < rounds; round++)); do
    publish "$name" debian "$debian" "$tmp/debian" \
      mosquitto_pub -h 127.0.0.1 -t b -q "$3" -M "$window" -l -p
    publish "$name" ours "$ours" "$tmp/ours" \
      "$TOOLS_DIR/mqtt-pub" -h 127.0.0.1 -t b -q "$3" -M "$window" -l -p
    least=("$peers/limit" pub --count "$limit" --size "$1" --qos "$3"
      --window "$window")
    publish "$name" limit "$limit" /dev/null "${least[@]}"
    [ "$3" -eq 0 ] ||
      publish "$name" spinning "$limit" /dev/null "${least[@]}" --spin
  done
}

# Nobody else has a store: what counts is the rate itself.
store_case() { # DURABILITY LINES
  local name="pub -l QoS 1, store, $1" lines=$(($2 / share)) round
  wanted "$name" || return 0
  [ -e "$tmp/all64" ] || lines all64 64 $((4000000 / share))
  head -n "$lines" "$tmp/all64" > "$tmp/ours"
  for ((round = 0; round < rounds; round++)); do
    rm -f "$tmp"/store*
    publish "$name" ours "$lines" "$tmp/ours" \
      "$TOOLS_DIR/mqtt-pub" -h 127.0.0.1 -t b -q 1 -M 100 -l \
      --store "$tmp/store" --store-durability "$1" -p
  done
}

# With the options in the arrays theirs and own.
sub_case() { # NAME DEBIAN OURS LIMIT
  local name="sub $1, 64 B" round
  local debian=$(($2 / share)) ours=$(($3 / share)) limit=$(($4 / share))
  wanted "$name" || return 0
  for ((round = 0; round < rounds; round++)); do
    subscribe "$name" debian "$debian" mosquitto_sub -h 127.0.0.1 \
      "${theirs[@]}" -t "flood/$debian/64" -C "$debian" -p
    subscribe "$name" ours "$ours" "$TOOLS_DIR/mqtt-sub" -h 127.0.0.1 \
      "${own[@]}" -t "flood/$ours/64" -C "$ours" -p
    [ "$limit" -eq 0 ] || subscribe "$name" limit "$limit" \
      "$peers/limit" sub --count "$limit" --size 64
  done
}

start_case() {
  local name="pub -m x, milliseconds" round who runs=$((60 / share)) measured
  local message=(-h 127.0.0.1 -t b -m x)
  wanted "$name" || return 0
  start_counter
  for ((round = 0; round < rounds; round++)); do
    for who in debian ours limit; do
      case $who in
      debian) set -- mosquitto_pub "${message[@]}" -p "$port" ;;
      ours) set -- "$TOOLS_DIR/mqtt-pub" "${message[@]}" -p "$port" ;;
      limit) set -- "$peers/limit" pub --count 1 "$port" ;;
      esac
      measured=$("$measure" --runs $runs "$@" 2> "$tmp/errors")
      note "$name" $who "$(value seconds "$measured")" $runs $runs "$measured"
    done
  done
  kill "$counter"
  finish_counter
  [ "$(value received "$result")" -eq $((3 * runs * rounds)) ] || {
    echo "bench: $name: only $(value received "$result") arrived" >&2
    lost=1
  }
}

# Exactness: numbered lines arrive once and in order; as many come out.
check_ours() {
  local qos measured n=50000 counted
  lines check 64 $n
  for qos in 0 1 2; do
    start_counter --clients 1 --check-numbers
    "$TOOLS_DIR/mqtt-pub" -h 127.0.0.1 -t b -q $qos -l -p "$port" \
      < "$tmp/check"
    finish_counter $?
    [[ $result == *" received=$n "*" misordered=0 "* ]] || {
      echo "bench: QoS $qos is not exact: $result" >&2
      lost=1
    }
  done
  start_counter --clients 1
  measured=$("$measure" --lines "$TOOLS_DIR/mqtt-sub" -h 127.0.0.1 -C $n \
    -t "numbered/$n/64" -p "$port")
  finish_counter "$(value status "$measured")"
  counted=$(value lines "$measured")
  [ "$counted" -eq $n ] || {
    echo "bench: mqtt-sub printed $counted of $n lines" >&2
    lost=1
  }
}

echo "Counting what arrives; medians of $rounds runs, taken in turn."
check_ours
pub_case 64 4000000 0 '' 800000 4000000 16000000
pub_case 1024 250000 0 '' 250000 250000 1500000
pub_case 64 4000000 1 100 58000 1500000 4000000
pub_case 64 4000000 1 20 58000 800000 2000000
pub_case 64 4000000 2 100 58000 800000 3000000
store_case process 300000
store_case power 300000
theirs=() own=()
sub_case plain 600000 6000000 20000000
theirs=(-F %j) own=(--json)
sub_case --json 300000 2000000 0
theirs=(-F '%t %q %p') own=("${theirs[@]}")
sub_case "-F '${theirs[1]}'" 300000 2000000 0
start_case
tls_cases
load_cases
[ ! -e "$tmp/figures" ] ||
  awk -F'|' -f "$top_srcdir/tests/bench/table.awk" "$tmp/figures"
load_table
exit $lost
