#!/bin/sh
# SPDX-License-Identifier: MIT
# compile-commands.sh SRCDIR BUILDDIR COMMAND - a compilation database on
# stdout.  Every file is compiled by the same command, so nothing needs to be
# recorded during a build.
set -eu
src=$1 build=$2 command=$3

escape() {
  printf '%s' "$1" | sed 's/[\\"]/\\&/g'
}

printf '['
comma=
find "$src/src" "$src/tests" -name '*.c' | sort | while read -r f; do
  printf '%s\n{"directory":"%s","file":"%s","command":"%s -c %s"}' \
    "$comma" "$(escape "$build")" "$(escape "$f")" "$(escape "$command")" \
    "$(escape "$f")"
  comma=,
done
printf '\n]\n'
