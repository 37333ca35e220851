# SPDX-License-Identifier: MIT
# What the bats tests bring along: shell helpers, brokers, and peers in C.

EXTRA_DIST += tests/helper/README.md
EXTRA_DIST += tests/helper/helpers.bash
EXTRA_DIST += tests/helper/crash.bash
EXTRA_DIST += tests/helper/peer.bash
EXTRA_DIST += tests/helper/ports.bash
EXTRA_DIST += tests/setup_suite.bash

EXTRA_DIST += tests/brokers/activemq/start.sh
EXTRA_DIST += tests/brokers/aedes/broker.mjs
EXTRA_DIST += tests/brokers/aedes/package-lock.json
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

# Peers for what a real broker does not do: each says at its top what for.
check_LIBRARIES += tests/helper/libpeer.a
tests_helper_libpeer_a_SOURCES =
tests_helper_libpeer_a_SOURCES += tests/helper/dump.c
tests_helper_libpeer_a_SOURCES += tests/helper/dump.h
tests_helper_libpeer_a_SOURCES += tests/helper/peer.c
tests_helper_libpeer_a_SOURCES += tests/helper/peer.h
PEER_LIBS = tests/helper/libpeer.a $(MQTT_LIBS)

check_PROGRAMS += tests/helper/counter
tests_helper_counter_SOURCES =
tests_helper_counter_SOURCES += tests/helper/counter.c
tests_helper_counter_SOURCES += tests/helper/counter.h
tests_helper_counter_SOURCES += tests/helper/counter_in.c
tests_helper_counter_SOURCES += tests/helper/counter_out.c
tests_helper_counter_LDADD = $(PEER_LIBS)

check_PROGRAMS += tests/helper/hold10k
tests_helper_hold10k_SOURCES = tests/helper/hold10k.c
tests_helper_hold10k_LDADD = tests/helper/libpeer.a $(CLIENT_LIBS)

check_PROGRAMS += tests/helper/limit
tests_helper_limit_SOURCES = tests/helper/limit.c
tests_helper_limit_LDADD = $(PEER_LIBS)

check_PROGRAMS += tests/helper/limit-many
tests_helper_limit_many_SOURCES = tests/helper/limit_many.c
tests_helper_limit_many_LDADD = $(PEER_LIBS)

check_PROGRAMS += tests/helper/proxy
tests_helper_proxy_SOURCES =
tests_helper_proxy_SOURCES += tests/helper/proxy.c
tests_helper_proxy_SOURCES += tests/helper/proxy.h
tests_helper_proxy_SOURCES += tests/helper/proxy_flow.c
tests_helper_proxy_SOURCES += tests/helper/proxy_rule.c
tests_helper_proxy_LDADD = $(PEER_LIBS)

check_PROGRAMS += tests/helper/puppet
tests_helper_puppet_SOURCES =
tests_helper_puppet_SOURCES += tests/helper/puppet.c
tests_helper_puppet_SOURCES += tests/helper/puppet.h
tests_helper_puppet_SOURCES += tests/helper/puppet_act.c
tests_helper_puppet_SOURCES += tests/helper/puppet_broker.c
tests_helper_puppet_SOURCES += tests/helper/puppet_build.c
tests_helper_puppet_SOURCES += tests/helper/puppet_conn.c
tests_helper_puppet_SOURCES += tests/helper/puppet_deliver.c
tests_helper_puppet_SOURCES += tests/helper/puppet_expect.c
tests_helper_puppet_SOURCES += tests/helper/puppet_numbered.c
tests_helper_puppet_SOURCES += tests/helper/puppet_rule.c
tests_helper_puppet_SOURCES += tests/helper/puppet_scram.c
tests_helper_puppet_SOURCES += tests/helper/puppet_script.c
tests_helper_puppet_SOURCES += tests/helper/puppet_setting.c
tests_helper_puppet_SOURCES += tests/helper/puppet_step.h
tests_helper_puppet_LDADD = $(PEER_LIBS) $(MBEDTLS_LIBS)

# The tools with the points of base/crash.h in them: their own objects come
# before those of the libraries.
CRASH_SOURCES =
CRASH_SOURCES += src/client/conn_io.c
CRASH_SOURCES += src/store/sqlite.c
CRASH_SOURCES += tests/helper/crash.c
CRASH_SOURCES += tests/helper/power.c

check_PROGRAMS += tests/helper/crash-pub
tests_helper_crash_pub_SOURCES = $(CRASH_SOURCES)
tests_helper_crash_pub_SOURCES += src/tools/pub.c
tests_helper_crash_pub_SOURCES += src/tools/source_pipe.c
tests_helper_crash_pub_CPPFLAGS = $(AM_CPPFLAGS) -DCRASH_POINTS
tests_helper_crash_pub_LDADD = $(TOOLS_LIBS)

check_PROGRAMS += tests/helper/crash-sub
tests_helper_crash_sub_SOURCES = $(CRASH_SOURCES)
tests_helper_crash_sub_SOURCES += src/tools/sub.c
tests_helper_crash_sub_SOURCES += src/tools/subscriber.c
tests_helper_crash_sub_CPPFLAGS = $(AM_CPPFLAGS) -DCRASH_POINTS
tests_helper_crash_sub_LDADD = $(TOOLS_LIBS)

EXTRA_DIST += tests/helper/broker_faults.awk
EXTRA_DIST += tests/helper/delivered.awk
EXTRA_DIST += tests/helper/sender_faults.awk

clean-local:
	rm -rf tests/certs tests/certs.lock
