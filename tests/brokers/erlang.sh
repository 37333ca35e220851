# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# run_node EPMD-PORT CMD... - run an Erlang node in the foreground, with an
# epmd of its own, so that no daemon is left behind.  CMD is a script and the
# node its child: they end as one group, the node some seconds later.
run_node() {
  export ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$1"
  # Or a node that comes first would start one that stays.
  export ERL_AFLAGS='-start_epmd false'
  shift
  group=
  trap stop_node EXIT
  trap 'exit 0' TERM INT
  epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT" &
  epmd=$!
  i=0
  until epmd -port "$ERL_EPMD_PORT" -names > /dev/null 2>&1; do
    [ $i -lt 100 ] || exit 1
    sleep 0.1
    i=$((i + 1))
  done
  setsid "$@" &
  group=$!
  wait "$group"
}

stop_node() {
  # Who is told twice must not stop halfway.
  trap '' TERM INT
  set +e
  i=0
  [ -z "$group" ] || kill -- "-$group" 2> /dev/null
  while [ -n "$group" ] && kill -s 0 -- "-$group" 2> /dev/null &&
    [ $i -lt 100 ]; do
    sleep 0.1
    i=$((i + 1))
  done
  [ -z "$group" ] || kill -s KILL -- "-$group" 2> /dev/null
  kill "$epmd"
}
