#!/bin/sh
# SPDX-License-Identifier: MIT
# clang-tidy with the rules of .clang-tidy over every source file of src;
# needs compile_commands.json in top_builddir.
. "${top_srcdir:=.}/tests/lint/tap.sh"
cd "$top_srcdir" || exit 1
need clang-tidy

out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
sources=$(find src -name '*.c' | sort)

# stderr has only the count of what was suppressed in system headers.
# shellcheck disable=SC2016
tidy_one='
  mkdir -p "$2/${3%/*}"
  clang-tidy --quiet -p "$1" "$PWD/$3" > "$2/$3" 2> "$2/$3.err" ||
    cat "$2/$3.err" >> "$2/$3"'
printf '%s\n' "$sources" |
  xargs -P "$(nproc)" -I {} sh -c "$tidy_one" sh "$top_builddir" "$out" {}

for f in $sources; do
  verdict "clang-tidy $f" "$(cat "$out/$f")"
done
plan
