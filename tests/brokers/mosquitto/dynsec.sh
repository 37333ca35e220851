#!/bin/sh
# SPDX-License-Identifier: MIT
# dynsec.sh RUNDIR PORT - mosquitto in the foreground with its dynamic
# security plugin: the one mosquitto that refuses a subscription in the SUBACK
# (0x87; 0x80 in 3.1.1).
# dynsec.sh roles PORT - once it runs: alice may use a/#, bob nothing; the
# passwords are NAMEpw.
set -eu

ctrl() {
  mosquitto_ctrl -h 127.0.0.1 -p "$port" -u admin -P adminpw dynsec "$@" \
    2> /dev/null
}

port=$2
if [ "$1" = roles ]; then
  ctrl createRole a
  for kind in publishClientSend publishClientReceive subscribePattern; do
    ctrl addRoleACL a $kind 'a/#' allow 5
  done
  ctrl createClient alice -p alicepw
  ctrl addClientRole alice a 5
  ctrl createClient bob -p bobpw
  exit
fi

mkdir -p "$1"
run=$(cd "$1" && pwd)
[ -f "$run/dynsec.json" ] ||
  mosquitto_ctrl dynsec init "$run/dynsec.json" admin adminpw > /dev/null
cat > "$run/dynsec.conf" << CONF
user root
log_dest stderr
per_listener_settings false
allow_anonymous false
plugin $(ls /usr/lib/*/mosquitto_dynamic_security.so)
plugin_opt_config_file $run/dynsec.json
listener $port 127.0.0.1
CONF
exec "${MOSQUITTO:-mosquitto}" -c "$run/dynsec.conf"
