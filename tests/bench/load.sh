# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034
#
# The cases of make bench for mqtt-bench; run.sh reads this file and has what
# is used here.  Neither Debian nor npm has a load generator that publishes
# with acknowledgements over a thousand connections, so ours is held against
# the least that can do it, limit-many, before the same counting peer; the
# promises are ratios to that limit.  One connection is held against
# mosquitto_pub and mosquitto_sub as well: what a loop around them could do.

# Who is run is in the array command.
load_run() { # CASE MESSAGES
  measured=$("$measure" --deadline 100 "${command[@]}" 2> "$tmp/errors")
  # 13: whoever shares the machine may spoil what mqtt-bench measures.
  case $(value status "$measured") in
  0 | 13) ;;
  *)
    sed 's/^/  /' "$tmp/errors" >&2
    lost=1
    ;;
  esac
  kill "$counter"
  finish_counter
  [ "$(value received "$result")" -eq "$2" ] || {
    echo "bench: $1: $(value received "$result") of $2 arrived" >&2
    lost=1
  }
}

load_limit() { # CASE MESSAGES OPTION...
  start_counter
  command=("$peers/limit-many" --count "$2" "${@:3}" "$port")
  load_run "$@"
}

load_ours() { # CASE MESSAGES COMMAND OPTION...
  start_counter
  command=("$TOOLS_DIR/mqtt-bench" "${@:3}" --broker-stats no --progress none
    --connect-rate 0 --connect-pending 64 --json "$tmp/load.json"
    --target "mqtt://127.0.0.1:$port")
  load_run "$@"
}

load_note() { # CASE WHO FIGURE
  echo "$1|$2|$3" >> "$tmp/load"
}

load_pub=(pub --clients 1000 --qos 1 --topic limit/topic --size 64 --warmup 0s)

load_full() {
  local name="QoS 1, 1000 connections, msg/s" n=$((3000000 / share))
  wanted "$name" || return 0
  load_limit "$name" "$n"
  load_note "$name" limit "$(value in_rate "$result")"
  load_ours "$name" "$n" "${load_pub[@]}" --limit "$n" --duration 90s
  load_note "$name" ours "$(value in_rate "$result")"
}

# Never fewer messages: the time of starting and connecting would become a
# good part of each.
load_paced() {
  local name="20,000 msg/s, CPU s per million" n=300000
  wanted "$name" || return 0
  load_limit "$name" $n --rate 20000
  load_note "$name" limit "$(load_cpu $n)"
  load_ours "$name" $n "${load_pub[@]}" --rate 20000/s --tick 1ms --limit $n \
    --duration 90s
  load_note "$name" ours "$(load_cpu $n)"
}

load_cpu() { # MESSAGES
  awk -v cpu="$(value cpu "$measured")" -v n="$1" \
    'BEGIN { printf "%.3f", cpu / n * 1e6 }'
}

# Connects a second, and what an idle connection takes: the difference of two
# numbers of them.
load_idle() {
  local rate="connects/s" memory="bytes of an idle connection" n before
  if wanted "$rate"; then
    start_counter
    load_note "$rate" limit "$(value connects \
      "$("$peers/limit-many" --connections 5000 --count 0 "$port")")"
    kill "$counter"
    finish_counter
    load_ours "$rate" 0 conn --clients 5000 --duration 1s
    load_note "$rate" ours "$(jq '5000 / .connect_time' "$tmp/load.json")"
  fi
  wanted "$memory" || return 0
  before=$(load_memory 4000)
  n=$(load_memory 12000)
  load_note "$memory" limit 1024
  load_note "$memory" ours $(((n - before) / 8000))
}

load_memory() { # CLIENTS
  load_ours "memory" 0 conn --clients "$1" --duration 1s
  jq '[.course[] | select(.phase == "measure") | .memory] | max' \
    "$tmp/load.json"
}

# One connection of ours beside a client of Debian's.
load_peer_pub() { # QOS DEBIAN OURS
  local name="QoS $1, 1 connection, msg/s" debian=$2 ours=$(($3 / share))
  wanted "$name" || return 0
  [ -e "$tmp/all64" ] || lines all64 64 $((4000000 / share))
  head -n "$debian" "$tmp/all64" > "$tmp/debian"
  start_counter --clients 1
  measured=$("$measure" mosquitto_pub -h 127.0.0.1 -p "$port" -t limit/topic \
    -q "$1" -M 20 -l < "$tmp/debian")
  finish_counter "$(value status "$measured")"
  load_note "$name" debian "$(value in_rate "$result")"
  load_ours "$name" "$ours" "${load_pub[@]}" --clients 1 --qos "$1" \
    --limit "$ours" --duration 90s
  load_note "$name" ours "$(value in_rate "$result")"
}

# The peer hands out more than anybody takes in that time.
load_peer_sub() {
  local name="received, 1 connection, msg/s" debian=$((600000 / share))
  wanted "$name" || return 0
  start_counter --clients 1
  measured=$("$measure" mosquitto_sub -h 127.0.0.1 -p "$port" \
    -t "flood/$debian/64" -C "$debian")
  finish_counter "$(value status "$measured")"
  load_note "$name" debian "$(value out_rate "$result")"
  load_ours "$name" 0 sub --clients 1 --topic flood/1000000000/64 \
    --duration 2s
  load_note "$name" ours \
    "$(jq '.counts.unmarked / .measured' "$tmp/load.json")"
}

load_cases() {
  local round
  for ((round = 0; round < rounds; round++)); do
    load_full
    load_paced
    load_idle
    load_peer_pub 0 $((800000 / share)) 2000000
    # More and mosquitto_pub -l -q 1 loses messages: packet ids wrap.
    load_peer_pub 1 58000 800000
    load_peer_sub
  done
}

load_table() {
  [ -e "$tmp/load" ] || return 0
  sort -t '|' -k 1,1 -k 2,2 -k 3,3g "$tmp/load" | awk -F '|' '
    { if (!seen[$1]++) names[++cases] = $1; v[$1, $2, ++n[$1, $2]] = $3 }
    function median(name, who) {
      return v[name, who, int((n[name, who] + 1) / 2)]
    }
    function row(name, who,    theirs, ratio, good) {
      theirs = median(name, who)
      ratio = theirs ? median(name, "ours") / theirs : 0
      good = name ~ /\/s$/ ? ratio >= want[name] : ratio <= want[name]
      printf "%-32s %12.5g %12.5g %8.2f %9.2f %5s\n", name, theirs,
        median(name, "ours"), ratio, want[name], good ? "yes" : "NO"
    }
    function table(who,    i, has_begun) {
      for (i = 1; i <= cases; i++) {
        if (!n[names[i], who])
          continue
        if (!has_begun++)
          printf "\n%-32s %12s %12s %8s %9s %5s\n", "mqtt-bench", who,
            "ours", "ratio", "promised", "met"
        row(names[i], who)
      }
    }
    BEGIN {
      # What is promised, as a ratio to the limit: for rates at least, for
      # costs at most.
      want["QoS 1, 1000 connections, msg/s"] = 8 * 0.127 / 3.0
      want["20,000 msg/s, CPU s per million"] = 6 / 4.3
      want["connects/s"] = 35 / 55
      want["bytes of an idle connection"] = 1
      # To a client of Debian, with the latency of each message taken.
      want["QoS 0, 1 connection, msg/s"] = 2
      want["QoS 1, 1 connection, msg/s"] = 3
      want["received, 1 connection, msg/s"] = 5
    }
    END {
      table("limit")
      table("debian")
    }'
}
