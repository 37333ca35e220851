#!/bin/sh
# SPDX-License-Identifier: MIT
# start.sh RUNDIR CERTDIR BASE - Debian's RabbitMQ (3.10: MQTT 3.1 and 3.1.1;
# 4.0: 5 too) in the foreground, on the loopback address only:
#   BASE    plain      BASE+2  WebSocket (/ws)            BASE+4  AMQP
#   BASE+1  TLS        BASE+3  WebSocket over TLS (/ws)   BASE+5  Erlang
#                                                         BASE+6  epmd
# Who gives no name is guest; ANON=false turns that off.  Users admin, alice
# and bob have the password NAMEpw.  VERIFY=verify_peer MTLS=true demands a
# client certificate.
set -eu
# shellcheck source=tests/brokers/erlang.sh
. "$(dirname "$0")/../erlang.sh"
mkdir -p "$1"
run=$(cd "$1" && pwd)
certs=$(cd "$2" && pwd)
base=$3

case $(ls /usr/lib/rabbitmq/lib) in
*server-3.*) anonymous_user=mqtt.default_user anonymous_password=mqtt.default_pass ;;
*) anonymous_user=anonymous_login_user anonymous_password=anonymous_login_pass ;;
esac

echo '[rabbitmq_mqtt,rabbitmq_web_mqtt].' > "$run/enabled_plugins"
cat > "$run/rabbitmq.conf" << CONF
listeners.tcp.1 = 127.0.0.1:$((base + 4))
load_definitions = $run/definitions.json
mqtt.listeners.tcp.1 = 127.0.0.1:$base
mqtt.listeners.ssl.1 = 127.0.0.1:$((base + 1))
mqtt.allow_anonymous = ${ANON:-true}
$anonymous_user = guest
$anonymous_password = guest
mqtt.vhost = /
mqtt.exchange = amq.topic
ssl_options.cacertfile = $certs/ca.crt
ssl_options.certfile = $certs/server.crt
ssl_options.keyfile = $certs/server.key
ssl_options.verify = ${VERIFY:-verify_none}
ssl_options.fail_if_no_peer_cert = ${MTLS:-false}
web_mqtt.tcp.ip = 127.0.0.1
web_mqtt.tcp.port = $((base + 2))
web_mqtt.ssl.ip = 127.0.0.1
web_mqtt.ssl.port = $((base + 3))
web_mqtt.ssl.cacertfile = $certs/ca.crt
web_mqtt.ssl.certfile = $certs/server.crt
web_mqtt.ssl.keyfile = $certs/server.key
vm_memory_high_watermark.absolute = 512MB
disk_free_limit.absolute = 50MB
log.console = true
log.console.level = warning
log.file = false
CONF

# Topic permissions are regular expressions over the topic with . for /
all='"configure": ".*", "write": ".*", "read": ".*"'
cat > "$run/definitions.json" << JSON
{
  "users": [
    {"name": "guest", "password": "guest", "tags": "administrator"},
    {"name": "admin", "password": "adminpw", "tags": "administrator"},
    {"name": "alice", "password": "alicepw", "tags": ""},
    {"name": "bob", "password": "bobpw", "tags": ""}
  ],
  "vhosts": [{"name": "/"}],
  "permissions": [
    {"user": "guest", "vhost": "/", $all},
    {"user": "admin", "vhost": "/", $all},
    {"user": "alice", "vhost": "/", $all},
    {"user": "bob", "vhost": "/", $all}
  ],
  "topic_permissions": [
    {"user": "alice", "vhost": "/", "exchange": "amq.topic",
     "write": "^(a|w)\\\\..*", "read": "^(a|r)\\\\..*"},
    {"user": "bob", "vhost": "/", "exchange": "amq.topic",
     "write": "^$", "read": "^a\\\\..*"}
  ]
}
JSON

: > "$run/no-env"
export HOME="$run"
export RABBITMQ_CONF_ENV_FILE="$run/no-env"
export RABBITMQ_CONFIG_FILE="$run/rabbitmq.conf"
export RABBITMQ_ENABLED_PLUGINS_FILE="$run/enabled_plugins"
export RABBITMQ_GENERATED_CONFIG_DIR="$run/gen"
export RABBITMQ_LOG_BASE="$run/log"
export RABBITMQ_MNESIA_BASE="$run/mnesia"
export RABBITMQ_PID_FILE="$run/pid"
export RABBITMQ_NODENAME="rabbit$base@localhost"
export RABBITMQ_DIST_PORT=$((base + 5))
local_only='-kernel inet_dist_use_interface {127,0,0,1}'
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="$local_only +S 2:2"
run_node $((base + 6)) /usr/lib/rabbitmq/bin/rabbitmq-server
