#!/bin/sh
# SPDX-License-Identifier: MIT
# ready.sh PORT [SECONDS [MOSQUITTO_PUB OPTIONS]] - wait until a broker takes
# a QoS 1 message on t/ready.  An open port is not enough: RabbitMQ listens
# before its users exist, and ActiveMQ without its MQTT codec accepts
# connections and never answers.
port=${1:?usage: ready.sh PORT [SECONDS [OPTIONS]]}
seconds=${2:-30}
shift
[ $# -eq 0 ] || shift

end=$(($(date +%s) + seconds))
while [ "$(date +%s)" -lt "$end" ]; do
  timeout 2 mosquitto_pub -h 127.0.0.1 -p "$port" -q 1 -t t/ready -m x "$@" \
    > /dev/null 2>&1 && exit
  sleep 0.1
done
echo "ready.sh: nothing answers on port $port after $seconds s" >&2
exit 1
