# SPDX-License-Identifier: MIT
# Layer 7, the load generator: scenarios, schedule, measurement, reports.

noinst_LIBRARIES += src/libbench.a

src_libbench_a_SOURCES =
src_libbench_a_SOURCES += src/bench/hist.c
src_libbench_a_SOURCES += src/bench/hist.h
src_libbench_a_SOURCES += src/bench/pcg.h
