#!/bin/sh
# SPDX-License-Identifier: MIT
# start.sh RUNDIR CERTDIR BASE - Debian's ejabberd (mod_mqtt: MQTT 3.1.1 and
# 5) in the foreground, on the loopback address only; needs root.
#   BASE    plain                   BASE+2  WebSocket (/mqtt)
#   BASE+1  TLS                     BASE+3  WebSocket over TLS
#   BASE+4  its own epmd, so that no daemon is left behind
# Accounts (NAMEpw) come from users.sh once it runs.  There is nobody without
# a name; with ANON=yes every unknown name with some password is let in.
# TLSVERIFY=1 looks at client certificates, but demands none.  Publishing to
# $... is always denied.  One RUNDIR for one BASE: the node's name is in the
# database.
# Rights: allowed when any filter that matches allows it, so there is no
# denying inside an allowed tree.
set -eu
# shellcheck source=tests/brokers/erlang.sh
. "$(dirname "$0")/../erlang.sh"
mkdir -p "$1/db" "$1/log"
run=$(cd "$1" && pwd)
certs=$(cd "$2" && pwd)
base=$3
node=ejabberd$base@localhost
verify=false
[ -z "${TLSVERIFY:-}" ] || verify=true

case ${ANON:-no} in
yes) auth='[internal, anonymous]' ;;
*) auth=internal ;;
esac

cp "$certs/server-chain.pem" "$run/server.pem"
cp "$certs/ca.crt" "$run/ca.crt"
cp /etc/ejabberd/inetrc "$run/inetrc"
cat > "$run/ejabberd.yml" << CONF
loglevel: warning
hosts: [localhost]
auth_method: $auth
anonymous_protocol: login_anon
allow_multiple_connections: true
certfiles: ["$run/server.pem"]
ca_file: "$run/ca.crt"
acl:
  admin: {user: [admin@localhost]}
  alice: {user: [alice@localhost]}
  bob: {user: [bob@localhost]}
access_rules:
  writers: [{allow: admin}, {allow: alice}, {deny: all}]
  readers: [{allow: admin}, {allow: alice}, {allow: bob}, {deny: all}]
  admins: [{allow: admin}, {deny: all}]
listen:
  - port: $base
    ip: "127.0.0.1"
    module: mod_mqtt
    backlog: 1000
  - port: $((base + 1))
    ip: "127.0.0.1"
    module: mod_mqtt
    tls: true
    tls_verify: $verify
  - port: $((base + 2))
    ip: "127.0.0.1"
    module: ejabberd_http
    request_handlers: {/mqtt: mod_mqtt}
  - port: $((base + 3))
    ip: "127.0.0.1"
    module: ejabberd_http
    tls: true
    request_handlers: {/mqtt: mod_mqtt}
modules:
  mod_mqtt:
    max_topic_aliases: 100
    max_topic_depth: 20
    session_expiry: 5 minutes
    access_publish:
      "t/#": all
      "public/#": all
      "a/#": writers
      "w/#": writers
      "#": admins
    access_subscribe:
      "t/#": all
      "public/#": all
      "a/#": readers
      "r/#": readers
      "#": admins
CONF

cat > "$run/ejabberdctl.cfg" << CONF
ERL_EPMD_ADDRESS=127.0.0.1
INET_DIST_INTERFACE=127.0.0.1
ERL_OPTIONS="+S 2:2"
ERLANG_NODE=$node
CONF
# As its own user from the start: the su of ejabberdctl would not pass
# signals on.
cat > "$run/ctl" << CTL
#!/bin/sh
export HOME=$run ERL_EPMD_PORT=$((base + 4)) ERL_AFLAGS="-start_epmd false"
exec setpriv --reuid ejabberd --regid ejabberd --init-groups ejabberdctl --node $node --config-dir $run \\
  --config $run/ejabberd.yml --ctl-config $run/ejabberdctl.cfg \\
  --spool $run/db --logs $run/log "\$@"
CTL
chmod 755 "$run" "$run/ctl"
chown -R ejabberd "$run"
run_node $((base + 4)) "$run/ctl" foreground
