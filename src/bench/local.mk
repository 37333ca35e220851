# SPDX-License-Identifier: MIT
# Layer 7, the load generator: scenarios, schedule, measurement, reports.

noinst_LIBRARIES += src/libbench.a

src_libbench_a_SOURCES =
src_libbench_a_SOURCES += src/bench/account.c
src_libbench_a_SOURCES += src/bench/account.h
src_libbench_a_SOURCES += src/bench/builtin.c
src_libbench_a_SOURCES += src/bench/builtin.h
src_libbench_a_SOURCES += src/bench/document.c
src_libbench_a_SOURCES += src/bench/document.h
src_libbench_a_SOURCES += src/bench/header.c
src_libbench_a_SOURCES += src/bench/header.h
src_libbench_a_SOURCES += src/bench/hist.c
src_libbench_a_SOURCES += src/bench/hist.h
src_libbench_a_SOURCES += src/bench/identities.c
src_libbench_a_SOURCES += src/bench/identities.h
src_libbench_a_SOURCES += src/bench/metric.c
src_libbench_a_SOURCES += src/bench/metric.h
src_libbench_a_SOURCES += src/bench/number.c
src_libbench_a_SOURCES += src/bench/number.h
src_libbench_a_SOURCES += src/bench/payload.c
src_libbench_a_SOURCES += src/bench/payload.h
src_libbench_a_SOURCES += src/bench/pcg.h
src_libbench_a_SOURCES += src/bench/require.c
src_libbench_a_SOURCES += src/bench/require.h
src_libbench_a_SOURCES += src/bench/route.c
src_libbench_a_SOURCES += src/bench/route.h
src_libbench_a_SOURCES += src/bench/scenario.c
src_libbench_a_SOURCES += src/bench/scenario.h
src_libbench_a_SOURCES += src/bench/scenario_adjust.c
src_libbench_a_SOURCES += src/bench/scenario_build.h
src_libbench_a_SOURCES += src/bench/scenario_group.c
src_libbench_a_SOURCES += src/bench/scenario_publish.c
src_libbench_a_SOURCES += src/bench/scenario_schema.c
src_libbench_a_SOURCES += src/bench/scenario_schema.h
src_libbench_a_SOURCES += src/bench/schedule.c
src_libbench_a_SOURCES += src/bench/schedule.h
src_libbench_a_SOURCES += src/bench/stages.c
src_libbench_a_SOURCES += src/bench/stages.h
src_libbench_a_SOURCES += src/bench/track.c
src_libbench_a_SOURCES += src/bench/track.h
src_libbench_a_SOURCES += src/bench/verdict.c
src_libbench_a_SOURCES += src/bench/verdict.h

BENCH_SCENARIOS =
BENCH_SCENARIOS += src/bench/scenarios/bcast-groups-1M.yaml
BENCH_SCENARIOS += src/bench/scenarios/broadcast-3M.yaml
BENCH_SCENARIOS += src/bench/scenarios/burst.yaml
BENCH_SCENARIOS += src/bench/scenarios/churn-20.yaml
BENCH_SCENARIOS += src/bench/scenarios/conn-tcp-10K-100.yaml
BENCH_SCENARIOS += src/bench/scenarios/conn-tcp-1M-5K.yaml
BENCH_SCENARIOS += src/bench/scenarios/fanin-persistent.yaml
BENCH_SCENARIOS += src/bench/scenarios/fanin-wild.yaml
BENCH_SCENARIOS += src/bench/scenarios/fanout-1-1K-1-1K.yaml
BENCH_SCENARIOS += src/bench/scenarios/fanout-5-1000-5-250K.yaml
BENCH_SCENARIOS += src/bench/scenarios/firehose-nosub.yaml
BENCH_SCENARIOS += src/bench/scenarios/hol.yaml
BENCH_SCENARIOS += src/bench/scenarios/idle-soak.yaml
BENCH_SCENARIOS += src/bench/scenarios/many2many-500K.yaml
BENCH_SCENARIOS += src/bench/scenarios/matrix-1-5-10.yaml
BENCH_SCENARIOS += src/bench/scenarios/offline-queue.yaml
BENCH_SCENARIOS += src/bench/scenarios/p2p-1K-1K-1K-1K.yaml
BENCH_SCENARIOS += src/bench/scenarios/p2p-50K-50K-50K-50K.yaml
BENCH_SCENARIOS += src/bench/scenarios/p2p-persistent.yaml
BENCH_SCENARIOS += src/bench/scenarios/reconnect-storm.yaml
BENCH_SCENARIOS += src/bench/scenarios/request-reply.yaml
BENCH_SCENARIOS += src/bench/scenarios/retained-flood.yaml
BENCH_SCENARIOS += src/bench/scenarios/self-1to1.yaml
BENCH_SCENARIOS += src/bench/scenarios/sharedsub-1K-5-1K-1K.yaml
BENCH_SCENARIOS += src/bench/scenarios/sharedsub-50K-500-50K-50K.yaml
BENCH_SCENARIOS += src/bench/scenarios/slow-consumer.yaml
BENCH_SCENARIOS += src/bench/scenarios/takeover.yaml
BENCH_SCENARIOS += src/bench/scenarios/tls-handshake.yaml
BENCH_SCENARIOS += src/bench/scenarios/will-storm.yaml

nodist_src_libbench_a_SOURCES = src/bench/builtin_data.c
src/bench/builtin_data.c: src/bench/builtin.awk $(BENCH_SCENARIOS)
	$(AM_V_at)$(MKDIR_P) src/bench
	$(AM_V_GEN)cd $(srcdir) && $(AWK) -f src/bench/builtin.awk \
		$(BENCH_SCENARIOS) > '$(abs_builddir)/$@.tmp'
	$(AM_V_at)mv $@.tmp $@
CLEANFILES += src/bench/builtin_data.c
EXTRA_DIST += src/bench/builtin.awk
EXTRA_DIST += $(BENCH_SCENARIOS)
