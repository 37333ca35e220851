#!/bin/bash
# SPDX-License-Identifier: MIT
# demo.sh - install what is missing, build, and do the main job once: start a
# real broker on a free port of the loopback address, subscribe with mqtt-sub,
# publish a file line by line with mqtt-pub, and compare what arrived, for each
# version of MQTT.  Leaves the programs in build/, and nothing running.
set -eu
cd "$(dirname "$0")/.."
file=/usr/share/common-licenses/GPL-3
[ -r "$file" ] || file=LICENSE
lines=$(awk 'END { print NR }' "$file")

if [ -e config.status ]; then
  echo "demo.sh: this tree is built in place: run 'make distclean' first" >&2
  exit 2
fi

echo "== packages, build"
contrib/scripts/install-packages.sh build
mkdir -p build
if [ ! -x configure ] || [ configure.ac -nt configure ]; then
  autoreconf -i > build/autoreconf.log 2>&1 ||
    { cat build/autoreconf.log >&2 && exit 1; }
fi
[ -e build/config.status ] || (cd build && ../configure -q)
make -s -C build -j"$(nproc)"

# shellcheck source=tests/helper/ports.bash
. tests/helper/ports.bash
work=$(mktemp -d)
broker=
subscriber=

finish() {
  local pid
  for pid in $subscriber $broker; do
    kill "$pid" 2> /dev/null || :
    wait "$pid" 2> /dev/null || :
  done
  rm -rf "$work"
  release_ports
}
trap finish EXIT
trap 'exit 1' INT TERM

wait_for() { # WHAT CMD...
  local what=$1 end=$((SECONDS + 15))
  shift
  until "$@"; do
    if [ $SECONDS -ge $end ]; then
      echo "demo.sh: $what did not happen within 15 s" >&2
      cat "$work/broker.log" >&2
      exit 1
    fi
    sleep 0.05
  done
}

port=$(free_port)
printf '%s\n' 'user root' 'log_dest stderr' 'log_type all' \
  'max_queued_messages 100000' 'allow_anonymous true' \
  "listener $port 127.0.0.1" > "$work/broker.conf"
PATH=$PATH:/usr/sbin mosquitto -c "$work/broker.conf" 2>> "$work/broker.log" &
broker=$!
wait_for "the start of mosquitto" port_open "$port"
echo "== mosquitto listens on 127.0.0.1:$port"

for version in 5 3.1.1 3.1; do
  name=${version//./}
  topic=demo/mqtt$name
  sub="mqtt-sub -p $port -V $name -q 1 -t $topic -C $lines -W 60"
  pub="mqtt-pub -p $port -V $name -q 1 -t $topic -l"

  echo "== MQTT $version"
  echo "   $sub > arrived &"
  # shellcheck disable=SC2086
  build/$sub > "$work/arrived" &
  subscriber=$!
  wait_for "the subscription" grep -q "Sending SUBACK to" "$work/broker.log"
  : > "$work/broker.log"
  echo "   $pub < $file"
  # shellcheck disable=SC2086
  build/$pub < "$file"
  wait $subscriber
  subscriber=
  cmp "$file" "$work/arrived"
  echo "   $lines lines sent, $(wc -l < "$work/arrived") arrived," \
    "byte for byte the same"
done
echo "== done: the programs are in $PWD/build"
