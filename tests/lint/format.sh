#!/bin/sh
# SPDX-License-Identifier: MIT
# Every source as .clang-format has it: what make format would leave alone.
. "${top_srcdir:=.}/tests/lint/tap.sh"
cd "$top_srcdir" || exit 1
need clang-format

verdict "make format changes nothing" \
  "$(find src tests -name '*.[ch]' -exec clang-format --dry-run {} + 2>&1 |
    grep ': warning: ')"
plan
