#!/bin/bash
# SPDX-License-Identifier: MIT
# N generators by GNU parallel:  parallel.sh N SCENARIO TARGET DIRECTORY
# More options of parallel, such as --sshlogin, go into PARALLEL.
set -eu
seq "$1" | parallel --will-cite -j 0 mqtt-bench run "$2" --target "$3" \
  --shard "$1" --start-at $(($(date +%s) + ${LEAD:-30})) \
  --json "$4/shard-{}.json"
