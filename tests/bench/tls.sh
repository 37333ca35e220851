# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
#
# The cases of make bench that go through TLS; run.sh reads this file and has
# what is used here.  Lines go to the counting peer by a socat that takes the
# TLS off; single messages and idle connections go to a mosquitto as Debian
# has it, because its answers are what the time is lost with.

tls_broker=
tls_front=

tls_stop() {
  declare -F release_ports > /dev/null || return 0
  [ -z "$tls_front" ] || kill "$tls_front" 2> /dev/null
  [ -z "$tls_broker" ] || kill "$tls_broker" 2> /dev/null
  tls_front='' tls_broker=''
  release_ports
}

tls_await() { # PORT
  for _ in {1..500}; do
    ! port_open "$1" || return 0
    sleep 0.01
  done
  stop "nobody listens on port $1: $(cat "$tmp/tls_errors")"
}

tls_start_broker() {
  certs=$tmp/certs
  [ -e "$certs/server.crt" ] || "$top_srcdir/tests/brokers/certs.sh" "$certs"
  tls_port=$(free_port)
  printf '%s\n' 'user root' "listener $tls_port 127.0.0.1" \
    'allow_anonymous true' "certfile $certs/server.crt" \
    "keyfile $certs/server.key" > "$tmp/broker.conf"
  "$MOSQUITTO" -c "$tmp/broker.conf" 2> "$tmp/tls_errors" &
  tls_broker=$!
  tls_await "$tls_port"
  tls=(-h localhost -p "$tls_port" --cafile "$certs/ca.crt")
}

# As publish of run.sh, but OPTION... come behind those for TLS.
tls_publish() { # CASE WHO LINES FILE PROGRAM OPTION...
  local measured front
  start_counter --clients 1
  front=$(free_port)
  socat -b 65536 "OPENSSL-LISTEN:$front,bind=127.0.0.1,reuseaddr,fork,verify=0,\
cert=$certs/server.crt,key=$certs/server.key" "TCP:127.0.0.1:$port" \
    2> "$tmp/tls_errors" &
  tls_front=$!
  tls_await "$front"
  measured=$("$measure" "$5" -h localhost -p "$front" --cafile \
    "$certs/ca.crt" "${@:6}" < "$4" 2> "$tmp/errors")
  finish_counter "$(value status "$measured")"
  kill "$tls_front"
  wait "$tls_front" 2> /dev/null
  tls_front=
  note "$1" "$2" "$(value in_rate "$result")" "$(value received "$result")" \
    "$3" "$measured"
}

tls_lines_case() {
  local name='pub -l QoS 0, 64 B, TLS' round
  local debian=$((400000 / share)) ours=$((2000000 / share))
  wanted "$name" || return 0
  [ -e "$tmp/all64" ] || lines all64 64 $((4000000 / share))
  head -n "$debian" "$tmp/all64" > "$tmp/debian"
  head -n "$ours" "$tmp/all64" > "$tmp/ours"
  for ((round = 0; round < rounds; round++)); do
    tls_publish "$name" debian "$debian" "$tmp/debian" \
      mosquitto_pub -t b -l
    tls_publish "$name" ours "$ours" "$tmp/ours" \
      "$TOOLS_DIR/mqtt-pub" -t b -l
  done
}

tls_start_case() {
  local name='pub -m x, TLS, milliseconds' round who program
  local runs=$((30 / share)) measured
  wanted "$name" || return 0
  for ((round = 0; round < rounds; round++)); do
    for who in debian ours; do
      program=mosquitto_pub
      [ $who = debian ] || program=$TOOLS_DIR/mqtt-pub
      measured=$("$measure" --runs $runs "$program" "${tls[@]}" -t b -m x \
        2> "$tmp/errors")
      note "$name" $who "$(value seconds "$measured")" $runs $runs "$measured"
    done
  done
}

# What each more of many idle connections takes of our memory.
tls_memory_case() {
  local clients kib=() measured n=$((600 / share))
  wanted 'memory of a TLS connection' || return 0
  for clients in 1 $n; do
    measured=$("$measure" "$TOOLS_DIR/mqtt-bench" conn -c "$clients" \
      --duration 1 --progress none "${tls[@]}" 2> "$tmp/errors")
    [ "$(value status "$measured")" -eq 0 ] || {
      echo "bench: $clients TLS connections: $(cat "$tmp/errors")" >&2
      lost=1
      return
    }
    kib+=("$(value rss_kib "$measured")")
  done
  printf '\nmemory of a TLS connection: %d KiB (of %d; the first: %d KiB)\n' \
    $(((kib[1] - kib[0]) / (n - 1))) "$n" "${kib[0]}"
}

tls_cases() {
  command -v socat > /dev/null || stop "socat is missing (apt-get install socat)"
  # shellcheck source=tests/helper/ports.bash
  . "$top_srcdir/tests/helper/ports.bash"
  tls_start_broker
  tls_lines_case
  tls_start_case
  tls_memory_case
  tls_stop
}
