# SPDX-License-Identifier: MIT
# make bench: how fast, with how much CPU and memory, beside Debian's clients.
# BENCH_QUICK=1 for less than a minute; see the top of run.sh.

check_PROGRAMS += tests/bench/measure
tests_bench_measure_SOURCES = tests/bench/measure.c
tests_bench_measure_LDADD = $(BASE_LIBS)

EXTRA_DIST += tests/bench/load.sh
EXTRA_DIST += tests/bench/run.sh
EXTRA_DIST += tests/bench/table.awk
EXTRA_DIST += tests/bench/tls.sh

bench: $(bin_PROGRAMS) tests/bench/measure tests/helper/counter \
		tests/helper/limit tests/helper/limit-many
	$(AM_V_at)top_builddir='$(abs_top_builddir)' \
		$(srcdir)/tests/bench/run.sh
.PHONY: bench
