#!/bin/sh
# SPDX-License-Identifier: MIT
# sum-tap.sh DIRECTORY... - adds up the results of all tests below, from the
# .trs files that make check leaves: "N passed, N failed, N skipped".  An
# unexpected end of a test counts as a failure.  Exit status 1 unless
# something passed and nothing failed.
set -eu

find "$@" -name '*.trs' -exec cat {} + | awk '
  $1 == ":test-result:" { count[$2]++ }
  END {
    passed = count["PASS"] + count["XFAIL"]
    failed = count["FAIL"] + count["ERROR"] + count["XPASS"]
    printf "%d passed, %d failed, %d skipped\n", passed, failed, count["SKIP"]
    exit !passed || failed
  }'
