#!/bin/sh
# SPDX-License-Identifier: MIT
# No file over 600 lines, no function over 60; the option table is data.
. "${top_srcdir:=.}/tests/lint/tap.sh"
cd "$top_srcdir" || exit 1

sources() {
  find src tests -name '*.[ch]' ! -path 'src/config/options*.c' | sort
}

long_files() {
  sources | xargs awk 'FNR == 601 { print FILENAME ": over 600 lines" }'
}

long_functions() {
  sources | xargs awk '
    FNR == 1 { start = 0 }
    /^\{/ { start = FNR }
    /^\}/ {
      lines = FNR - start - 1
      if (start && lines > 60)
        print FILENAME ":" start ": a function of " lines " lines"
      start = 0
    }'
}

verdict "files are 600 lines at most" "$(long_files)"
verdict "functions are 60 lines at most" "$(long_functions)"
plan
