#!/bin/sh
# SPDX-License-Identifier: MIT
# bridge.sh RUNDIR PORT - two mosquittos in the foreground: A on PORT, which
# keeps its state over a restart, and B on PORT+1, which bridges to A.  br/#
# goes both ways; loc/# on B arrives as remote/# on A.
set -eu
mkdir -p "$1"
run=$(cd "$1" && pwd)
broker=${MOSQUITTO:-mosquitto}

cat > "$run/a.conf" << CONF
user root
log_dest stderr
listener $2 127.0.0.1
allow_anonymous true
persistence true
persistence_location $run/
autosave_interval 1
CONF
cat > "$run/b.conf" << CONF
user root
log_dest stderr
listener $(($2 + 1)) 127.0.0.1
allow_anonymous true
connection to-a
address 127.0.0.1:$2
topic br/# both 1
topic # out 1 loc/ remote/
bridge_protocol_version mqttv50
try_private false
notifications true
restart_timeout 1
CONF

"$broker" -c "$run/a.conf" &
a=$!
"$broker" -c "$run/b.conf" &
b=$!
trap 'kill $a $b 2> /dev/null || :; wait' EXIT
trap 'exit 0' TERM INT
wait
