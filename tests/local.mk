# SPDX-License-Identifier: MIT
# Every test speaks TAP: C programs, bats files, and lint and fuzz scripts.
#   make check        all of them
#   make check-unit   the C programs alone, in seconds
#   make check-bats   the programs against a real mosquitto
#   make check-fuzz   replay the fuzz corpora
#   make check-lint   the quick rules (layers, purity, sizes)
#   make lint         these, clang-tidy, cppcheck and shellcheck
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
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)'; \
	PROGRAMS='$(bin_PROGRAMS)'; export top_srcdir top_builddir PROGRAMS;

UNIT_TESTS =
BATS_TESTS =
FUZZ_TESTS =
LINT_TESTS =
FUZZ_TARGETS =

include tests/unit/local.mk
include tests/fuzz/local.mk
include tests/helper/local.mk
include tests/lint/local.mk

check_PROGRAMS += $(UNIT_TESTS)
check_PROGRAMS += $(FUZZ_TARGETS)
TESTS += $(UNIT_TESTS) $(FUZZ_TESTS) $(LINT_TESTS) $(BATS_TESTS)
EXTRA_DIST += $(FUZZ_TESTS) $(LINT_TESTS) $(BATS_TESTS)

check-unit:
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(UNIT_TESTS)'
check-bats:
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(BATS_TESTS)'
check-fuzz:
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(FUZZ_TESTS)'
check-lint:
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(LINT_TESTS)'
.PHONY: check-unit check-bats check-fuzz check-lint
