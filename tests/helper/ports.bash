# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Free ports on the loopback address, below the range that the kernel gives out
# by itself.  A file reserves each one for this process, so that programs side
# by side do not meet: call release_ports at the end.

port_open() {
  (exec 4<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null
}

PORT_LOCKS=${TMPDIR:-/tmp}/mqtt-tools-ports.$(id -u)

reserve_port() {
  local lock=$PORT_LOCKS/$1 owner
  if [ -e "$lock" ]; then
    read -r owner < "$lock" || return 1
    kill -0 "$owner" 2> /dev/null && return 1
    rm -f "$lock"
  fi
  (set -C && echo "$$" > "$lock") 2> /dev/null || return 1
  port_open "$1" || return 0
  rm -f "$lock"
  return 1
}

# shellcheck disable=SC2120
# free_port [N]: prints the first of N free ports in a row (1 by default).
free_port() {
  local n=${1:-1} try base i
  mkdir -p "$PORT_LOCKS"
  for ((try = 0; try < 200; try++)); do
    base=$((20000 + (RANDOM * 32768 + RANDOM) % (12000 - n)))
    for ((i = 0; i < n; i++)); do
      reserve_port $((base + i)) || break
    done
    if [ "$i" -eq "$n" ]; then
      echo $base
      return
    fi
    while [ "$((i--))" -gt 0 ]; do
      rm -f "$PORT_LOCKS/$((base + i))"
    done
  done
  echo "no $n free ports" >&2
  return 1
}

release_ports() {
  local lock owner
  for lock in "$PORT_LOCKS"/*; do
    [ -e "$lock" ] && read -r owner < "$lock" && [ "$owner" = "$$" ] &&
      rm -f "$lock"
  done
  return 0
}
