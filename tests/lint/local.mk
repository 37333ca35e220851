# SPDX-License-Identifier: MIT
# Rules about the source itself, as TAP scripts.  The quick ones are part of
# make check; make lint adds those that need clang-tidy, cppcheck, shellcheck.
# make lint-tools is these alone, and compiles nothing.

LINT_TESTS += tests/lint/layers.sh
LINT_TESTS += tests/lint/links.sh
LINT_TESTS += tests/lint/pure.sh
LINT_TESTS += tests/lint/size.sh

LINT_TOOLS =
LINT_TOOLS += tests/lint/cppcheck.sh
LINT_TOOLS += tests/lint/format.sh
LINT_TOOLS += tests/lint/shell.sh
LINT_TOOLS += tests/lint/tidy.sh

EXTRA_DIST += $(LINT_TOOLS)
EXTRA_DIST += tests/lint/tap.sh

lint: compile_commands.json
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) check \
		TESTS='$(LINT_TESTS) $(LINT_TOOLS)' VERBOSE=1
lint-tools: compile_commands.json
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) check-TESTS check_PROGRAMS= \
		check_LIBRARIES= TESTS='$(LINT_TOOLS)' VERBOSE=1
.PHONY: lint lint-tools

compile_commands.json: Makefile
	$(AM_V_GEN)$(top_srcdir)/contrib/scripts/compile-commands.sh \
		'$(abs_top_srcdir)' '$(abs_top_builddir)' '$(COMPILE)' > $@.tmp
	$(AM_V_at)mv $@.tmp $@
CLEANFILES += compile_commands.json
EXTRA_DIST += contrib/scripts/compile-commands.sh
