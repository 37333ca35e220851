#!/bin/sh
# SPDX-License-Identifier: MIT
# What each program links: a library costs start-up time in every run of a
# shell loop, so only mqtt-bench has libmicrohttpd (which brings GnuTLS).
# PROGRAMS names the programs, in top_builddir.
. "${top_srcdir:=.}/tests/lint/tap.sh"

common='libc|libm|libgcc_s|libmbedtls|libmbedx509|libmbedcrypto|libcyaml'
common="$common|libyaml(-0)?|libsqlite3|libwslay|libjansson|ld-linux[a-z0-9-]*"
common="$common|libpthread|lib(a|ub|t|l)san"

unexpected() {
  readelf -d "$top_builddir/$1" |
    sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' |
    awk -v allowed="^($2)[.]so" '$0 !~ allowed { print "links " $0 }'
}

for program in $PROGRAMS; do
  case $program in
  mqtt-bench) allowed="$common|libmicrohttpd" ;;
  *) allowed=$common ;;
  esac
  verdict "$program links only what it needs" \
    "$(unexpected "$program" "$allowed")"
done
plan
