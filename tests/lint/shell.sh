#!/bin/sh
# SPDX-License-Identifier: MIT
# Every script through shellcheck, bats files included.
. "${top_srcdir:=.}/tests/lint/tap.sh"
cd "$top_srcdir" || exit 1
need shellcheck

scripts() {
  find contrib tests .ci -type f | sort | while read -r f; do
    case $f in
    *.sh | *.bash | *.bats) echo "$f" ;;
    *) head -n 1 "$f" | grep -aqE '^#!.*sh$' && echo "$f" ;;
    esac
  done
}

for f in $(scripts); do
  verdict "shellcheck $f" "$(shellcheck -x -f gcc "$f" 2>&1)"
done
plan
