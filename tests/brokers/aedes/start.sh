#!/bin/sh
# SPDX-License-Identifier: MIT
# start.sh RUNDIR CERTDIR BASE - aedes (node) in the foreground, ports as
# broker.mjs says; install-packages.sh has put its modules into build/aedes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
modules=$(cd "$here/../../.." && pwd)/build/aedes/node_modules
mkdir -p "$1"
run=$(cd "$1" && pwd)
certs=$(cd "$2" && pwd)
[ -d "$modules/aedes" ] || {
  echo "aedes is missing: run contrib/scripts/install-packages.sh" >&2
  exit 1
}
# A module is looked for beside the file that wants it.
ln -sfn "$modules" "$run/node_modules"
cp "$here/package.json" "$here/broker.mjs" "$run/"
exec node "$run/broker.mjs" "$certs" "$3"
