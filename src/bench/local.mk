# SPDX-License-Identifier: MIT
# Layer 7, the load generator: scenarios, schedule, measurement, reports.

noinst_LIBRARIES += src/libbench.a

src_libbench_a_SOURCES =
src_libbench_a_SOURCES += src/bench/account.c
src_libbench_a_SOURCES += src/bench/account.h
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
src_libbench_a_SOURCES += src/bench/pcg.h
src_libbench_a_SOURCES += src/bench/require.c
src_libbench_a_SOURCES += src/bench/require.h
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
