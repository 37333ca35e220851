#!/bin/sh
# SPDX-License-Identifier: MIT
# start.sh RUNDIR CERTDIR BASE - mosquitto in the foreground with every kind
# of listener, on the loopback address only:
#   BASE    anybody                 BASE+4  TLS-PSK (pskuser, 0123456789abcdef)
#   BASE+1  password and ACL        BASE+5  WebSocket   (WS=0: not)
#   BASE+2  TLS                     BASE+6  WebSocket over TLS
#   BASE+3  TLS, client certificate whose CN is the user
#   RUNDIR/mosquitto.sock           Unix socket, anybody
# Users admin, alice and bob have the password NAMEpw.  PERSIST=true keeps
# state in RUNDIR, CERT=NAME shows another certificate on BASE+2, EXTRA adds
# lines to the configuration, VERBOSE=1 logs each packet.
set -eu
mkdir -p "$1"
run=$(cd "$1" && pwd)
certs=$(cd "$2" && pwd)
base=$3

rm -f "$run/passwords" "$run/mosquitto.sock"
: > "$run/passwords"
chmod 600 "$run/passwords"
for user in admin alice bob; do
  mosquitto_passwd -b "$run/passwords" $user ${user}pw
done
printf 'pskuser:0123456789abcdef\n' > "$run/psk"
chmod 600 "$run/psk"

# What comes before the first user holds for clients without a name.
cat > "$run/acl" << 'ACL'
topic read public/#

user admin
topic readwrite #
topic readwrite $SYS/#

user alice
topic readwrite a/#
topic write w/#
topic read r/#
topic deny a/secret/#

user bob
topic read a/#

pattern readwrite own/%u/#
pattern readwrite dev/%c/#
ACL

cat > "$run/mosquitto.conf" << CONF
per_listener_settings true
user root
log_dest stderr
sys_interval 1
persistence ${PERSIST:-false}
persistence_location $run/
${EXTRA:-}

listener $base 127.0.0.1
allow_anonymous true

listener $((base + 1)) 127.0.0.1
allow_anonymous false
password_file $run/passwords
acl_file $run/acl

listener $((base + 2)) 127.0.0.1
allow_anonymous true
cafile $certs/ca.crt
certfile $certs/${CERT:-server}.crt
keyfile $certs/${CERT:-server}.key
tls_version tlsv1.2

listener $((base + 3)) 127.0.0.1
allow_anonymous false
cafile $certs/ca.crt
certfile $certs/server.crt
keyfile $certs/server.key
require_certificate true
use_identity_as_username true

listener $((base + 4)) 127.0.0.1
allow_anonymous false
psk_hint test
psk_file $run/psk
use_identity_as_username true

listener 0 $run/mosquitto.sock
allow_anonymous true
CONF

[ "${WS:-1}" = 0 ] || cat >> "$run/mosquitto.conf" << CONF

listener $((base + 5)) 127.0.0.1
protocol websockets
socket_domain ipv4
allow_anonymous true

listener $((base + 6)) 127.0.0.1
protocol websockets
socket_domain ipv4
allow_anonymous true
certfile $certs/server.crt
keyfile $certs/server.key
CONF

exec "${MOSQUITTO:-mosquitto}" -c "$run/mosquitto.conf" ${VERBOSE:+-v}
