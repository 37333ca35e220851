#!/bin/sh
# SPDX-License-Identifier: MIT
# Fuzzes each target for FUZZ_SECONDS from its corpus: one TAP line for each.
# Needs a build with --enable-fuzz.  New inputs go to tests/fuzz/found/ of the
# build, what crashes to tests/fuzz/crash-NAME-*.
: "${FUZZ_SECONDS:=10}"
: "${top_srcdir:=.}" "${top_builddir:=.}"
count=0
for target in $FUZZ_TARGETS; do
  count=$((count + 1))
  name=${target##*/}
  corpus=$top_srcdir/tests/fuzz/corpus/$name
  found=$top_builddir/tests/fuzz/found/$name
  dictionary=$top_srcdir/tests/fuzz/dict/$name
  mkdir -p "$found"
  set -- -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=1024 \
    -print_final_stats=1 \
    -artifact_prefix="$top_builddir/tests/fuzz/crash-$name-"
  [ ! -f "$dictionary" ] || set -- "$@" -dict="$dictionary"
  if said=$("$top_builddir/$target" "$@" "$found" "$corpus" 2>&1); then
    runs=$(printf '%s\n' "$said" |
      sed -n 's/^stat::number_of_executed_units: *//p')
    echo "ok $count - $name: $runs runs in $FUZZ_SECONDS s"
  else
    printf '%s\n' "$said" | tail -n 60 | sed 's/^/# /'
    echo "not ok $count - $name"
  fi
done
echo "1..$count"
