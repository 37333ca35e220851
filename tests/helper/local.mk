# SPDX-License-Identifier: MIT
# What the bats tests bring along: shell helpers, brokers, and peers in C.

EXTRA_DIST += tests/helper/helpers.bash
EXTRA_DIST += tests/helper/ports.bash
EXTRA_DIST += tests/setup_suite.bash

EXTRA_DIST += tests/brokers/activemq/start.sh
EXTRA_DIST += tests/brokers/aedes/broker.mjs
EXTRA_DIST += tests/brokers/aedes/package.json
EXTRA_DIST += tests/brokers/aedes/start.sh
EXTRA_DIST += tests/brokers/certs.sh
EXTRA_DIST += tests/brokers/ejabberd/start.sh
EXTRA_DIST += tests/brokers/ejabberd/users.sh
EXTRA_DIST += tests/brokers/erlang.sh
EXTRA_DIST += tests/brokers/mosquitto/bridge.sh
EXTRA_DIST += tests/brokers/mosquitto/dynsec.sh
EXTRA_DIST += tests/brokers/mosquitto/limits.sh
EXTRA_DIST += tests/brokers/mosquitto/start.sh
EXTRA_DIST += tests/brokers/rabbitmq/start.sh
EXTRA_DIST += tests/brokers/ready.sh

clean-local:
	rm -rf tests/certs tests/certs.lock
