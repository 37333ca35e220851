#!/bin/sh
# SPDX-License-Identifier: MIT
# start.sh RUNDIR CERTDIR BASE - aedes (node) in the foreground, ports as
# broker.mjs says.  RUNDIR gets its node_modules, by npm, the first time.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
certs=$(cd "$2" && pwd)
cp "$here/package.json" "$here/broker.mjs" "$1/"
cd "$1"
[ -d node_modules/aedes ] || npm install --no-audit --no-fund >&2
exec node broker.mjs "$certs" "$3"
