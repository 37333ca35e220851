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

# In bats files each test is a subshell, helpers.bash assigns (output, stderr,
# status, PORT), literals are full of JSON, jq and templates, and functions
# are called by name.
bats_noise=SC1083,SC2016,SC2030,SC2031,SC2034,SC2089,SC2090,SC2119,SC2120
bats_noise=$bats_noise,SC2153,SC2154,SC2317

for f in $(scripts); do
  case $f in
  *.bats) exclude=$bats_noise ;;
  *) exclude= ;;
  esac
  verdict "shellcheck $f" \
    "$(shellcheck -x -f gcc ${exclude:+-e "$exclude"} "$f" 2>&1)"
done
plan
