#!/bin/sh
# SPDX-License-Identifier: MIT
# cppcheck over src: a second opinion on memory and flow.
. "${top_srcdir:=.}/tests/lint/tap.sh"
cd "$top_srcdir" || exit 1
need cppcheck

verdict cppcheck "$(cppcheck --quiet --std=c11 -j "$(nproc)" \
  --enable=warning,performance,portability --inline-suppr \
  --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches \
  --template='{file}:{line}: {severity}: {message} [{id}]' \
  -D__GNUC__ -I src src 2>&1)"
plan
