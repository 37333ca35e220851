# SPDX-License-Identifier: MIT
# Every test speaks TAP: C programs, bats files, and lint and fuzz scripts.
#   make check        all of them
#   make check-unit   the C programs and the quick rules, in seconds
#   make check-bats   the programs against a real mosquitto
#   make check-fuzz   replay the fuzz corpora
#   make check-lint   the quick rules (layers, purity, sizes)
#   make lint         these, clang-tidy, cppcheck and shellcheck
#   make check-san    all of them with ASan and UBSan, the threads with TSan
#   make check-debian13   all of them in a Debian 13, with mbedTLS 3.6
#   make coverage     all of them, and which lines they ran
# One test: make check TESTS=tests/unit/test_buf

TEST_EXTENSIONS = .bats .sh
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_COMPILER = $(SHELL)
BATS_LOG_DRIVER = $(TAP_DRIVER)
BATS_LOG_COMPILER = $(BATS) --tap

AM_TESTS_ENVIRONMENT = \
	PROGRAMS='$(bin_PROGRAMS)' FUZZ_TARGETS='$(FUZZ_TARGETS)'; \
	export PROGRAMS FUZZ_TARGETS; . tests/env;

UNIT_TESTS =
BATS_TESTS =
FUZZ_TESTS =
LINT_TESTS =
FUZZ_TARGETS =

# Those that are worth their time under TSan: what runs threads.
THREAD_TESTS =
THREAD_TESTS += tests/10-smoke.bats
THREAD_TESTS += tests/40-pub.bats
THREAD_TESTS += tests/50-sub.bats
THREAD_TESTS += tests/95-hold10k.bats

# in_build(DIRECTORY, CONFIGURE OPTIONS, MAKE GOALS): in a build of its own,
# below this one.  It needs a source tree that is not itself configured.
in_build = $(MKDIR_P) $(1) && cd $(1) && \
	{ test -f config.status || \
	  $(SHELL) $(abs_top_srcdir)/configure -q $(2); } && \
	$(MAKE) $(AM_MAKEFLAGS) $(3)

# What sanitizers make too slow or too large.
MASS_TESTS =
MASS_TESTS += tests/47-mass.bats
MASS_TESTS += tests/94-bench-100k.bats
EXTRA_DIST += $(MASS_TESTS)
if !ENABLE_SANITIZE
BATS_TESTS += $(MASS_TESTS)
endif

# The long ones first, so that none of them is left alone in the end.
BATS_TESTS += tests/68-fault-points.bats
BATS_TESTS += tests/66-crash-sub.bats
BATS_TESTS += tests/92-bench-ends.bats
BATS_TESTS += tests/77-brokers.bats
BATS_TESTS += tests/91-bench-scenarios.bats
BATS_TESTS += tests/94-bench-shard.bats
BATS_TESTS += tests/67-power.bats
BATS_TESTS += tests/45-roundtrip.bats
BATS_TESTS += tests/10-smoke.bats
BATS_TESTS += tests/15-helpers.bats
BATS_TESTS += tests/20-options.bats
BATS_TESTS += tests/25-docs.bats
BATS_TESTS += tests/30-profile.bats
BATS_TESTS += tests/40-pub.bats
BATS_TESTS += tests/50-ack.bats
BATS_TESTS += tests/50-sub.bats
BATS_TESTS += tests/55-exit-status.bats
BATS_TESTS += tests/60-tls.bats
BATS_TESTS += tests/62-tls-faults.bats
BATS_TESTS += tests/65-proxy.bats
BATS_TESTS += tests/66-srv.bats
BATS_TESTS += tests/67-redirect.bats
BATS_TESTS += tests/70-ws.bats
BATS_TESTS += tests/75-auth.bats
BATS_TESTS += tests/94-bench-broker.bats
BATS_TESTS += tests/90-bench.bats
BATS_TESTS += tests/91-bench-reach.bats
BATS_TESTS += tests/91-bench-unsubscribe.bats
BATS_TESTS += tests/93-bench-truth.bats
BATS_TESTS += tests/94-bench-search.bats
BATS_TESTS += tests/92-bench-report.bats
BATS_TESTS += tests/95-hold10k.bats
BATS_TESTS += tests/60-store.bats
BATS_TESTS += tests/62-store-trouble.bats
BATS_TESTS += tests/65-crash.bats
BATS_TESTS += tests/66-reconnect.bats
BATS_TESTS += tests/67-faults.bats
BATS_TESTS += tests/68-keepalive.bats
BATS_TESTS += tests/70-soak.bats

include tests/unit/local.mk
include tests/fuzz/local.mk
include tests/bench/local.mk
include tests/helper/local.mk
include tests/lint/local.mk

check_PROGRAMS += $(UNIT_TESTS)
check_PROGRAMS += $(FUZZ_TARGETS)
TESTS += $(UNIT_TESTS) $(FUZZ_TESTS) $(LINT_TESTS) $(BATS_TESTS)
EXTRA_DIST += $(FUZZ_TESTS) $(LINT_TESTS) $(BATS_TESTS)

check-unit:
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(UNIT_TESTS) $(LINT_TESTS)'
check-bats:
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(BATS_TESTS)'
check-fuzz:
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(FUZZ_TESTS)'
check-lint:
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(LINT_TESTS)'
check-threads:
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) check \
		TESTS='$(UNIT_TESTS) $(THREAD_TESTS)'
check-san:
	$(AM_V_at)$(call in_build,san-address,--enable-sanitize,check)
	$(AM_V_at)$(call in_build,san-thread,--enable-sanitize=thread, \
		check-threads)
check-debian13:
	$(AM_V_at)cd $(abs_top_srcdir) && contrib/test.sh debian13
.PHONY: check-debian13
.PHONY: check-unit check-bats check-fuzz check-lint check-threads check-san

if ENABLE_COVERAGE
coverage:
	-$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) check
	lcov -q -c -d . -b $(abs_top_srcdir) --no-external \
		--rc lcov_branch_coverage=1 -o coverage.info
	lcov -q -r coverage.info '*/tests/*' --rc lcov_branch_coverage=1 \
		-o coverage.info
	genhtml -q --branch-coverage -p $(abs_top_srcdir) -o coverage-html \
		coverage.info
	lcov -l coverage.info --rc lcov_branch_coverage=1
	@echo "now look at $(abs_top_builddir)/coverage-html/index.html"
else
coverage:
	$(AM_V_at)$(call in_build,coverage-build,--enable-coverage,coverage)
endif
.PHONY: coverage

# The long form: some minutes.
soak:
	$(AM_V_at)SOAK_LINES=200000 SOAK_KILLS=20 $(MAKE) $(AM_MAKEFLAGS) check \
		TESTS=tests/70-soak.bats
.PHONY: soak

format:
	cd $(srcdir) && find src tests -name '*.[ch]' | sort | \
		xargs clang-format -i
.PHONY: format

distclean-local:
	rm -rf coverage-build coverage-html coverage.info fuzz san-address \
		san-thread tests/fuzz/found tests/fuzz/crash-*
	find . -name '*.gcda' -o -name '*.gcno' | xargs rm -f
