#!/bin/sh
# SPDX-License-Identifier: MIT
# The protocol engine does no I/O and knows no clock, lock or thread: what
# libmqtt.a takes from elsewhere must be on this list.
. "${top_srcdir:=.}/tests/lint/tap.sh"

# (clang writes bcmp for some memcmp)
allowed='mem[a-z]*|bcmp|str[a-z]*|__(mem|str)[a-z]*_chk|malloc|calloc|realloc|free'
allowed="$allowed|bsearch|qsort|abort|__assert_fail"
# From the base layer: bytes, heap and text, not its clock and not its log.
allowed="$allowed|(buf|bytes|heap|text)_[a-z0-9_]*"
# From the compiler: stack protector, sanitizers, coverage, position.
allowed="$allowed|__stack_chk_fail|__(a|ub|t|l)san_.*|__sanitizer_.*"
allowed="$allowed|__sancov_.*|__gcov_.*|llvm_gcda_.*|_GLOBAL_OFFSET_TABLE_"

impure() {
  nm "$top_builddir/src/libmqtt.a" 2>&1 | awk -v allowed="^($allowed)\$" '
    /:$/ { object = $1 }
    $1 == "U" { user[$2] = user[$2] " " object }
    NF == 3 { own[$3] = 1 }
    END {
      for (name in user)
        if (!(name in own) && name !~ allowed)
          print name " is called by" user[name]
    }'
}

verdict "the protocol engine is pure" "$(impure)"
plan
