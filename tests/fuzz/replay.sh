#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs each fuzz target over its corpus: one TAP line for each target.
# FUZZ_TARGETS names the programs, in top_builddir.
: "${top_srcdir:=.}" "${top_builddir:=.}"
count=0
for target in $FUZZ_TARGETS; do
  count=$((count + 1))
  name=${target##*/}
  corpus=$top_srcdir/tests/fuzz/corpus/$name
  # libFuzzer would go on for ever; our own main stops by itself.
  case $FUZZ_LIBS in
  -fsanitize*) runs=-runs=0 ;;
  *) runs= ;;
  esac
  # shellcheck disable=SC2086
  if said=$(timeout 300 "$top_builddir/$target" $runs "$corpus" 2>&1); then
    echo "ok $count - $name: $(find "$corpus" -type f | wc -l) inputs"
  else
    printf '%s\n' "$said" | tail -n 60 | sed 's/^/# /'
    echo "not ok $count - $name"
  fi
done
echo "1..$count"
