# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For the lint scripts, TAP in a few words.  Source it, then for each rule
# call verdict NAME LINES with the offending lines (none: the rule holds), at
# the end call plan.
LC_ALL=C
export LC_ALL
: "${top_srcdir:=.}" "${top_builddir:=.}"
tap_count=0

verdict() {
  tap_count=$((tap_count + 1))
  if [ -z "$2" ]; then
    echo "ok $tap_count - $1"
  else
    printf '%s\n' "$2" | sed 's/^/# /'
    echo "not ok $tap_count - $1"
  fi
}

# A checker that is missing is a failure, not a pass.
need() {
  command -v "$1" > /dev/null && return
  verdict "$1" "$1 is not installed (apt-get install $1)"
  plan
}

# Always a good end: the lines above it say what failed.
plan() {
  echo "1..$tap_count"
  exit 0
}
