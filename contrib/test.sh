#!/bin/bash
# SPDX-License-Identifier: MIT
# test.sh [FLAVOUR...] - install what is missing, build, run all the tests.
#
#   plain    gcc: every test with a real broker, fuzz corpora
#   dist     distcheck: the archive is whole, builds, and passes unit tests
#   lint     clang-tidy, cppcheck, shellcheck, clang-format
#   clang    unit tests; here and above, warnings are errors
#   address  ASan and UBSan: every test
#   thread   TSan: what runs threads
#   fuzz     libFuzzer with ASan and UBSan: 10 s for each target
#   debian13 every test in a Debian 13 of its own, with mbedTLS 3.6
#
# Without arguments all of them.  The builds are kept in build/test-FLAVOUR,
# with a log of what was said.  The last line is the sum over all:
# "N passed, N failed, N skipped"; in CI (CI=true) a skipped test is a failure.
# shellcheck disable=SC2317
set -u
: "${CI:=false}"
cd "$(dirname "$0")/.." || exit 1
top=$PWD
# The long ones first.
[ $# -gt 0 ] || set -- lint plain debian13 address thread dist clang fuzz

if [ -e config.status ]; then
  echo "test.sh: this tree is built in place: run 'make distclean' first" >&2
  exit 2
fi
contrib/scripts/install-packages.sh || exit 1
[ -x configure ] && [ configure -nt configure.ac ] || autoreconf -i || exit 1

cpus=$(nproc)
cache=
command -v ccache > /dev/null && cache="ccache "

# step NAME CMD...: what has no tests of its own is one test more.
step() {
  local name=$1 result=PASS
  shift
  "$@" || result=FAIL
  printf ':test-result: %s\n' "$result" > "$name.step.trs"
  echo "$result: $name"
  [ "$result" = PASS ]
}

# Tests wait for most of their time.  Compilers take what they leave over, and do
# not disturb them; and lint what compilers leave.
build() { # CONFIGURE OPTIONS
  step configure "$top/configure" -q "$@" &&
    step build nice -n 5 make -s -j"$cpus" &&
    step build-tests nice -n 5 make -s -j"$cpus" check TESTS=
}

# -k: a failed test must not hide the ones behind it.  The tests mostly wait,
# so there may be more of them than processors.
tests() {
  make -s -k -j"$((cpus * 2))" "$@"
}

# Nobody looks at the debug information of a build that runs unattended; the
# sanitizers' reports want line numbers.
flavour_plain() {
  build CC="${cache}gcc" CFLAGS=-O2 --enable-werror && tests check
}

# What this is for takes no optimizer.
flavour_dist() {
  step configure "$top/configure" -q &&
    step distcheck make -s -j"$cpus" distcheck TESTS="\$(UNIT_TESTS)" \
      DISTCHECK_CONFIGURE_FLAGS="CC='nice -n 5 gcc' CFLAGS=-O0"
}

# Without hardening: the calls of libc as they are written.
flavour_lint() {
  step configure "$top/configure" -q --disable-hardening &&
    nice -n 19 make -s -k lint-tools
}

flavour_clang() {
  build CC="${cache}clang" CFLAGS=-O2 --enable-werror && tests check-unit
}

flavour_address() {
  build CC="${cache}gcc" CFLAGS='-O1 -g1' --enable-sanitize && tests check
}

flavour_thread() {
  build CC="${cache}gcc" CFLAGS='-O1 -g1' --enable-sanitize=thread &&
    tests check-threads
}

flavour_fuzz() {
  step configure "$top/configure" -q CC="${cache}clang" CFLAGS='-O1 -g1' \
    --enable-fuzz --enable-sanitize &&
    step build nice -n 5 make -s -j"$cpus" fuzz-targets &&
    tests fuzz
}

flavour_debian13() {
  local inside=$top/contrib/scripts/debian13.sh
  step system "$inside" true &&
    step configure "$inside" "$top/configure" -q CFLAGS=-O2 --enable-werror &&
    step build nice -n 5 "$inside" make -s -j"$cpus" &&
    step build-tests nice -n 5 "$inside" make -s -j"$cpus" check TESTS= &&
    "$inside" make -s -k -j"$((cpus * 2))" check
}

# Each in a directory of its own; what it says goes to a log there.
run_flavour() { # FLAVOUR
  local began=$SECONDS sum
  cd "$top/build/test-$1" || return
  find . -name '*.trs' -delete
  "flavour_$1" > log 2>&1 < /dev/null
  sum=$("$top/contrib/scripts/sum-tap.sh" .)
  local good=$?
  echo "== $1: $sum, in $((SECONDS - began)) s; log: $PWD/log"
  [ $good -eq 0 ] && return
  grep -E '(error|warning): ' log | sort -u | head -n 50
  grep -rlE --include='*.trs' '^:test-result: (FAIL|ERROR|XPASS)' . |
    while read -r trs; do
      echo "== $1: FAILED: ${trs%.trs}"
      case $trs in
      *.step.trs) tail -n 60 log ;;
      *) grep -vE '^(ok|PASS:)' "${trs%.trs}.log" | tail -n 60 ;;
      esac
    done
}

dirs=()
for flavour; do
  declare -F "flavour_$flavour" > /dev/null || {
    echo "test.sh: no flavour '$flavour' (plain dist lint clang address thread fuzz debian13)" >&2
    exit 2
  }
  dirs+=("build/test-$flavour")
done
mkdir -p "${dirs[@]}"
# Two at a time: while the tests of one wait, the other compiles.  Lint runs
# beside them, see build.
lint=
for flavour; do
  until [ "$(jobs -rp | grep -cvx "${lint:-none}")" -lt 2 ]; do
    wait -n
  done
  echo "== $flavour: begun"
  run_flavour "$flavour" &
  [ "$flavour" != lint ] || lint=$!
done
wait

sum=$(contrib/scripts/sum-tap.sh "${dirs[@]}")
status=$?
case $CI:$sum in
true:*' 0 skipped') ;;
true:*)
  echo "in CI no test may be skipped:"
  grep -rhE '^SKIP' --include=log "${dirs[@]}" | sort -u
  status=1
  ;;
esac
echo "$sum"
exit $status
