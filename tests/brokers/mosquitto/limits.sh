#!/bin/sh
# SPDX-License-Identifier: MIT
# limits.sh RUNDIR PORT - mosquitto in the foreground with every limit turned
# down, but for connections: those that have just ended may count for a while;
# and keepalives: with max_keepalive mosquitto 2.0.21 drops one of forty
# connections before it has read anything ("<unknown> has exceeded timeout").
set -eu
mkdir -p "$1"
run=$(cd "$1" && pwd)

cat > "$run/limits.conf" << CONF
user root
log_dest stderr
sys_interval 1
listener $2 127.0.0.1
allow_anonymous true
allow_zero_length_clientid false
max_connections 40
max_inflight_messages 5
max_packet_size 5000
max_qos 1
max_queued_messages 3
max_topic_alias 2
message_size_limit 2000
persistent_client_expiration 1h
retain_available false
CONF
exec "${MOSQUITTO:-mosquitto}" -c "$run/limits.conf"
