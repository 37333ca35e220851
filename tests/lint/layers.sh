#!/bin/sh
# SPDX-License-Identifier: MIT
# A layer includes only layers below its own; every header says what it is.
. "${top_srcdir:=.}/tests/lint/tap.sh"
cd "$top_srcdir" || exit 1

# net and mqtt stand side by side and do not know each other.
# shellcheck disable=SC2016
upward_includes() {
  find src -name '*.[ch]' | sort | xargs awk '
    BEGIN {
      n = split("base 1 net 2 mqtt 3 store 4 client 5 config 6 bench 7 " \
                "check 7 tools 8", w, " ")
      for (i = 1; i < n; i += 2)
        level[w[i]] = w[i + 1]
    }
    /^#[ \t]*include[ \t]*"/ {
      split(FILENAME, path, "/")
      own = path[2]
      split($0, quoted, "\"")
      if (split(quoted[2], part, "/") < 2) {
        print FILENAME ":" FNR ": no layer in the path of \"" quoted[2] "\""
        next
      }
      other = part[1]
      if (!(other in level))
        print FILENAME ":" FNR ": " other " is no layer"
      else if (other != own && (level[other] >= level[own] ||
               (own == "mqtt" && other == "net")))
        print FILENAME ":" FNR ": " own " must not include " quoted[2]
    }'
}

# Or a header of the same module, "x/foo_private.h", which includes it.
late_own_headers() {
  find src -name '*.c' | sort | while read -r c; do
    module=${c#src/}
    module=${module%.c}
    [ -f "src/$module.h" ] || continue
    first=$(grep -m1 '^#[[:space:]]*include' "$c")
    case $first in
    *"\"$module.h\""* | *"\"${module}_"*) ;;
    *) echo "$c: include \"$module.h\" first" ;;
    esac
  done
}

unlicensed() {
  find src tests -name '*.[ch]' | sort | while read -r f; do
    [ "$(head -n 1 "$f")" = '/* SPDX-License-Identifier: MIT */' ] ||
      echo "$f:1: the first line is not the SPDX line"
  done
}

unexplained() {
  find src -name '*.h' | sort | while read -r f; do
    head -n 12 "$f" | sed 1d | grep -q '^/\*' ||
      echo "$f: no comment at the top that says what this module is"
  done
}

verdict "includes respect the layers" "$(upward_includes)"
verdict "a source file includes its own header first" "$(late_own_headers)"
verdict "each C file starts with its licence" "$(unlicensed)"
verdict "each header says what it is" "$(unexplained)"
verdict "nothing is left to do" \
  "$(grep -rnE --include='*.[ch]' '\b(TODO|FIXME|XXX)\b' src tests)"
plan
