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

# In bats files, each test is a subshell and helpers.bash assigns: output,
# stderr, status, PORT.
for f in $(scripts); do
  case $f in
  *.bats) exclude=SC2030,SC2031,SC2034,SC2119,SC2120,SC2153,SC2154 ;;
  *) exclude= ;;
  esac
  verdict "shellcheck $f" \
    "$(shellcheck -x -f gcc ${exclude:+-e "$exclude"} "$f" 2>&1)"
done
plan
